// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";

import { header, listing } from "../../tests/fake_api";
import { onKey } from "./keyboard";
import * as state from "../state";
import { applyPairs } from "./url";

function press(key: string, on = "<div></div>", options: KeyboardEventInit = {}): KeyboardEvent {
  document.body.innerHTML = on;
  const event = new KeyboardEvent("keydown", { key, cancelable: true, bubbles: true, ...options });
  document.body.firstElementChild!.dispatchEvent(event);
  onKey(event);
  return event;
}

const place = (): (number | null)[] => [state.step.value, state.layer.value, state.head.value];

beforeEach(() => {
  applyPairs([]);
  state.index.value = null;
  state.setIndex(listing(3));
  state.record.value = { status: "ready", value: header("p", 20) };
});

describe("keys", () => {
  it.each([
    ["ArrowLeft", [10, 0, 0]],
    ["ArrowRight", [20, 0, 0]],
    ["ArrowDown", [20, 1, 0]],
    ["ArrowUp", [20, 0, 0]],
    ["]", [20, 0, 1]],
    ["[", [20, 0, 0]],
    ["x", [20, 0, 0]],
  ])("%s moves to step, layer, head %j", (key, expected) => {
    press(key);
    expect(place()).toEqual(expected);
  });

  it("stop at the last layer and head", () => {
    press("ArrowDown");
    state.record.value = { status: "ready", value: header("p", 20) };
    press("ArrowDown");
    press("]");
    press("]");
    expect(place()).toEqual([20, 1, 1]);
  });

  it.each([
    "<input type=range>",
    "<select></select>",
    "<textarea></textarea>",
    "<ul role=listbox>",
  ])("mean nothing here in %s", (field) => {
    expect(press("ArrowLeft", field).defaultPrevented).toBe(false);
    expect(state.step.value).toBe(20);
  });

  it("work on a check box, which has no use for them", () => {
    press("ArrowLeft", "<input type=checkbox>");
    expect(state.step.value).toBe(10);
  });

  it("with Ctrl or Alt belong to the browser", () => {
    press("ArrowLeft", "<div></div>", { altKey: true });
    press("ArrowLeft", "<div></div>", { ctrlKey: true });
    expect(state.step.value).toBe(20);
  });
});
