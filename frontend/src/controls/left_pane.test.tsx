// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { beforeEach, expect, it } from "vitest";

import { listing } from "../../tests/fake_api";
import * as state from "../state";
import { applyPairs } from "../page/url";
import { LeftPane } from "./left_pane";

function draw(): HTMLElement {
  const root = document.createElement("div");
  document.body.replaceChildren(root);
  act(() => render(<LeftPane display={undefined} />, root));
  return root;
}

const manyProbes = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, at) => [`probe ${at}`, listing(1)["r"]!["p"]!]),
  );

beforeEach(() => {
  applyPairs([]);
  state.index.value = null;
});

it("holds no more rows than are seen, of 1,000 runs and of 5,000 probes", () => {
  const probes = manyProbes(5000);
  state.setIndex(
    Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`run ${at}`, probes])),
  );
  const root = draw();
  expect(root.querySelectorAll(".run-row").length).toBeLessThan(60);
  expect(root.querySelectorAll(".probe-row").length).toBeLessThan(60);
  expect(state.seenTags.value.length).toBe(root.querySelectorAll(".probe-row").length);
  const list = root.querySelector<HTMLElement>(".virtual-rows")!;
  act(() => {
    list.scrollTop = 32 * 500;
    list.dispatchEvent(new Event("scroll"));
  });
  const names = [...root.querySelectorAll(".run-row .name")].map((name) => name.textContent);
  expect(names).toContain("run 500");
  expect(names).not.toContain("run 0");
});

it("ticks all, none or one of the runs, and names the start that they share once", () => {
  const [a, b, c] = ["a", "b", "c"].map((end) => `experiments/2026-11-28/${end}`) as [
    string,
    string,
    string,
  ];
  state.setIndex({ [a]: manyProbes(1), [b]: manyProbes(1), [c]: manyProbes(1) });
  const root = draw();
  const press = (name: string) =>
    act(() =>
      [...root.querySelectorAll("button")]
        .find((each) => (each.getAttribute("aria-label") ?? each.textContent) === name)!
        .click(),
    );
  press("None");
  expect([...state.visibleRuns.value]).toEqual([a]);
  press("All");
  expect(state.visibleRuns.value.size).toBe(3);
  press(`Only ${b}`);
  expect([...state.visibleRuns.value, state.run.value]).toEqual([b, b]);
  expect(root.querySelector(".run-row .name-shared")!.textContent).toBe("experiments/2026-11-28/");
});

it("keeps the words under each probe in place until those of the next run have come", () => {
  const header = (text: string) =>
    ({
      tokens: { tokens: text.split(" ") },
      special: { tokens: [] },
      sentence_b_start: null,
      layers: [],
    }) as unknown as state.RecordHeader;
  state.setIndex({ a: manyProbes(2), b: manyProbes(2) });
  state.probeHeaders.value = new Map([
    ["probe 0", header("she was late")],
    ["probe 1", header("he was late")],
  ]);
  const root = draw();
  const words = () => [...root.querySelectorAll(".snippet")].map(({ textContent }) => textContent);
  expect(words()).toEqual(["she was late", "he was late"]);
  act(() => {
    state.selectRun("b");
    state.probeHeaders.value = new Map();
  });
  expect(words()).toEqual(["she was late", "he was late"]);
  act(() => void (state.probeHeaders.value = new Map([["probe 0", header("they came")]])));
  expect(words()).toEqual(["they came", "he was late"]);
});

it("the filter takes runs out of the curves too, and says how many match", () => {
  state.setIndex({ "lr-1 a": manyProbes(1), "lr-1 b": manyProbes(1), "lr-3 a": manyProbes(1) });
  const root = draw();
  expect(state.rivalRuns.value).toEqual(["lr-1 b", "lr-3 a"]);
  act(() => state.filterNames("lr-1"));
  expect(state.rivalRuns.value).toEqual(["lr-1 b"]);
  expect(root.querySelector("h2 .count")!.textContent).toBe("2 of 3 match, 2 on");
});

it("a run that is not drawn has a hollow dot; one that is stands out while it is pointed at", () => {
  const probes = manyProbes(1);
  state.setIndex({ a: probes, b: probes, c: probes, "other probe": manyProbes(0) });
  state.setView("evolution");
  const root = draw();
  const row = (at: number) => root.querySelectorAll(".run-row")[at]!;
  const hollow = () =>
    [...root.querySelectorAll(".run-row")].map((each) => each.querySelector(".is-hollow") !== null);
  act(() => state.toggleRun("c"));
  expect(hollow()).toEqual([false, false, true, true]);
  const point = (at: number, type: string) =>
    act(() => void row(at).dispatchEvent(new Event(type)));
  point(1, "pointerenter");
  expect(state.raisedRun.value).toBe("b");
  point(2, "pointerenter");
  expect(state.raisedRun.value).toBeNull();
  point(1, "pointerenter");
  point(1, "pointerleave");
  expect(state.raisedRun.value).toBeNull();
  point(1, "pointerenter");
  act(() => state.filterNames("a"));
  expect(state.pointedRun.value).toBeNull(); // its row is gone
  act(() => {
    state.filterNames("");
    state.setView("model");
  });
  expect(hollow()).toEqual([false, true, true, true]);
});

it("inverts what is ticked among the runs that match, and keeps one", () => {
  state.setIndex(Object.fromEntries(["a", "b", "c"].map((name) => [name, manyProbes(1)])));
  state.invertRuns(["a", "b", "c"]);
  expect([...state.visibleRuns.value]).toEqual(["a"]);
  state.invertRuns(["a", "b", "c"]);
  expect([...state.visibleRuns.value]).toEqual(["b", "c"]);
  expect(state.run.value).toBe("b");
  state.invertRuns(["c"]);
  expect([...state.visibleRuns.value]).toEqual(["b"]);
});

it("folds the display settings to one line, and keeps them so", () => {
  const root = document.createElement("div");
  document.body.replaceChildren(root);
  act(() => render(<LeftPane display={() => <p>settings</p>} />, root));
  const fold = root.querySelector<HTMLElement>(".display-fold")!;
  const buttons = [...root.querySelectorAll("button")].map((each) => each.textContent);
  expect(buttons.filter((name) => /play/i.test(name))).toEqual([]); // that is the button of the steps
  expect(root.textContent).toContain("settings");
  act(() => fold.click());
  expect(root.textContent).not.toContain("settings");
  expect(root.querySelector("details")!.open).toBe(false);
  act(() => fold.click());
});
