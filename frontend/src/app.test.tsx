// @vitest-environment happy-dom
import { render } from "preact";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { listing } from "../tests/fake_api";
import { App } from "./app";
import * as state from "./state";
import { applyPairs } from "./page/url";

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));

async function draw(retry = vi.fn()): Promise<HTMLElement> {
  const root = document.createElement("div");
  document.body.replaceChildren(root);
  const logDirectory = (): Promise<string> => Promise.resolve("./runs");
  render(
    <App
      retry={retry}
      link={() => "http://host/#attn"}
      file={() => Promise.reject(new Error("no file"))}
      logDirectory={logDirectory}
    />,
    root,
  );
  await settled();
  return root;
}

beforeEach(() => {
  applyPairs([]);
  state.index.value = null;
  state.indexError.value = null;
  state.frameWidth.value = 1280;
  for (const each of [state.record, state.thumbnails, state.weights, state.series])
    each.value = { status: "idle" };
});

describe("the shell", () => {
  it("says what to do when nothing is logged", async () => {
    state.setIndex({});
    const root = await draw();
    expect(root.querySelector("h1")!.textContent).toBe("No attention logged yet");
    expect(root.textContent).toContain("Looking in ./runs");
    expect(root.textContent).toContain("no runs yet");
    expect(root.textContent).toContain("AttentionCallback(probes,");
    expect(root.textContent).toContain("writer.add_attention(");
    expect(root.textContent).toContain("none yet");
    expect(root.textContent).not.toContain("Copy link");
  });

  it("says that a list is old until it is fresh again", async () => {
    const listed = listing(5, "doctor/she");
    const [run, tags] = Object.entries(listed)[0]!;
    const old = { ...tags["doctor/she"]!, old: true };
    state.setIndex({ ...listed, [run]: { "doctor/she": old } });
    const root = await draw();
    expect(root.querySelector(".notice")!.textContent).toContain("What is listed is from before");
    state.setIndex(listed);
    await settled();
    expect(root.querySelector(".notice")).toBeNull();
  });

  it("shows the server's message when the listing fails, and tries again", async () => {
    state.indexError.value = new state.ApiError(0, "unreachable", "TensorBoard does not answer.");
    const retry = vi.fn();
    const root = await draw(retry);
    expect(root.querySelector("[role=alert]")!.textContent).toContain("does not answer");
    root.querySelector<HTMLButtonElement>(".button")!.click();
    expect(retry).toHaveBeenCalledOnce();
  });

  it("keeps the picture when a later listing fails, and says so above it", async () => {
    state.setIndex(listing(3));
    state.indexError.value = new state.ApiError(0, "unreachable", "TensorBoard does not answer.");
    const root = await draw();
    expect(root.querySelector(".notice")!.textContent).toContain("does not answer");
    expect(root.querySelector("input[type=range]")).not.toBeNull();
  });

  it("has a tab for each view that works; arrows move between them", async () => {
    state.setIndex(listing(3));
    const root = await draw();
    const tabs = [...root.querySelectorAll<HTMLElement>("[role=tab]")];
    expect(tabs.map(({ textContent }) => textContent)).toEqual([
      "Evolution",
      "Model",
      "Head",
      "Neuron",
    ]);
    tabs[0]!.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
    await settled();
    expect(state.view.value).toBe("model");
    expect(tabs[1]!.getAttribute("aria-selected")).toBe("true");
    expect(document.activeElement).toBe(tabs[1]);
  });

  it("shows the run's name as text, whatever it is", async () => {
    const name = "</script><img src=x onerror=alert(1)>";
    state.setIndex({ [name]: listing(2)["r"]! });
    const root = await draw();
    expect(root.querySelector("img")).toBeNull();
    expect(root.querySelector(".run-row .name")!.textContent).toBe(name);
  });
});

describe("a narrow frame", () => {
  beforeEach(() => {
    state.frameWidth.value = 900;
    state.setIndex({ a: listing(2, "x")["r"]!, b: listing(3, "y")["r"]! });
  });

  it("folds the pane behind a button", async () => {
    const root = await draw();
    expect(root.querySelector(".left-pane")).toBeNull();
    const button = root.querySelector<HTMLButtonElement>(".menu")!;
    expect(button.getAttribute("aria-expanded")).toBe("false");
    button.click();
    await settled();
    expect(root.querySelector(".left-pane")).not.toBeNull();
  });

  it("has a menu of runs and probes in the step bar", async () => {
    const root = await draw();
    root.querySelector<HTMLButtonElement>("button.place")!.click();
    await settled();
    const items = [...root.querySelectorAll<HTMLElement>("[role=menuitemradio]")];
    expect(items.map(({ textContent }) => textContent)).toEqual(["a / x", "b / y"]);
    expect(items[0]!.getAttribute("aria-checked")).toBe("true");
    items[1]!.click();
    await settled();
    expect([state.run.value, state.tag.value]).toEqual(["b", "y"]);
    expect(root.querySelector("[role=menu]")).toBeNull();
  });
});
