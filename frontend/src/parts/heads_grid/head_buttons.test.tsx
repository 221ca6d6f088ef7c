// @vitest-environment happy-dom
import { render } from "preact";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  gridLayout,
  headsInOrder,
  type Cell,
  type GridLayout,
  type GridSizes,
} from "../../draw/grid";
import { HeadButtons } from "./head_buttons";

const shapes = [
  { name: "", kind: "self", stack: "", heads: 3 },
  { name: "", kind: "self", stack: "", heads: 2, head_numbers: [4, 9] },
];
const sizes: GridSizes = {
  pitchX: 46,
  pitchY: 80,
  cell: { width: 42, height: 42 },
  sparkTop: 44,
  sparkHeight: 17,
  markHeight: 4,
  numberHeight: 0,
  hasMean: true,
  isOverview: false,
};
const layout: GridLayout = gridLayout(
  shapes.map(({ heads }, layer) => ({ layer, heads, group: "", order: headsInOrder(heads) })),
  sizes,
);

let root: HTMLElement;
let opened: Cell[];
let reached: Cell;

function show(isNumbered = false, of = layout): void {
  render(
    <HeadButtons
      layout={of}
      shapes={shapes}
      selected={{ layer: 1, head: 1 }}
      reached={reached}
      isNumbered={isNumbered}
      describedBy="tip"
      onOpen={(cell) => opened.push(cell)}
      onReach={(cell) => {
        reached = cell;
      }}
      onFocus={() => undefined}
    />,
    root,
  );
}

function buttons(): HTMLButtonElement[] {
  return [...root.querySelectorAll("button")];
}

function press(key: string, of = layout): void {
  document.activeElement!.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  show(false, of);
}

beforeEach(() => {
  root = document.createElement("div");
  document.body.append(root);
  opened = [];
  reached = { layer: 0, head: 0 };
  show();
});
afterEach(() => root.remove());

describe("the buttons of the heads", () => {
  it("are named by layer and head, with the model's own numbers where only some were logged", () => {
    expect(buttons().map((button) => button.getAttribute("aria-label"))).toEqual([
      "Layer 0 head 0",
      "Layer 0 head 1",
      "Layer 0 head 2",
      "Layer 1 head 4",
      "Layer 1 head 9",
    ]);
  });

  it("have one in the tab order, and tell which head is chosen", () => {
    expect(buttons().map((button) => button.tabIndex)).toEqual([0, -1, -1, -1, -1]);
    expect(buttons().map((button) => button.getAttribute("aria-current"))).toEqual([
      null,
      null,
      null,
      null,
      "true",
    ]);
  });

  it("let the arrows walk over all heads, taking the tab order with them", () => {
    buttons()[0]!.focus();
    press("ArrowRight");
    press("ArrowRight");
    press("ArrowDown");
    expect(document.activeElement!.getAttribute("aria-label")).toBe("Layer 1 head 9");
    expect(buttons().map((button) => button.tabIndex)).toEqual([-1, -1, -1, -1, 0]);
    press("Home");
    expect(document.activeElement!.getAttribute("aria-label")).toBe("Layer 1 head 4");
  });

  it("open the head that is clicked", () => {
    buttons()[3]!.click();
    expect(opened).toEqual([{ layer: 1, head: 0 }]);
  });

  it("show the head's number when heads are sorted", () => {
    show(true);
    expect(buttons().map((button) => button.textContent)).toEqual(["0", "1", "2", "4", "9"]);
  });
});

describe("the buttons of many heads", () => {
  const many = gridLayout(
    Array.from({ length: 80 }, (_, layer) => ({
      layer,
      heads: 64,
      group: "",
      order: headsInOrder(64),
    })),
    { ...sizes, isOverview: true },
  );

  it("are only those that Tab reaches and that is chosen; arrows still walk over all", () => {
    reached = { layer: 3, head: 5 };
    show(false, many);
    const names = (): (string | null)[] =>
      buttons().map((button) => button.getAttribute("aria-label"));
    expect(names()).toEqual(["Layer 1 head 9", "Layer 3 head 5"]);
    buttons()[1]!.focus();
    press("ArrowDown", many);
    expect(names()).toEqual(["Layer 1 head 9", "Layer 4 head 5"]);
  });
});
