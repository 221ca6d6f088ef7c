// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { beforeEach, expect, it, vi } from "vitest";

import type { Panel } from "../../decoding/panels";
import { PatchGrid } from "./patch_grid";
import type { PatchRegion } from "./patch_region";

const panel: Panel = {
  ...{ name: "", list: "tokens", rows: 3, cols: 4, picture: null, aspect: 4 / 3 },
  positions: Int32Array.from({ length: 12 }, (_, at) => 1 + at),
  box: [0, 0, 1, 1],
};

let drawn: (PatchRegion | null)[] = [];
let picked: number[] = [];
let root: HTMLElement;

function draw(region: PatchRegion | null = null): void {
  root = document.createElement("div");
  act(() =>
    render(
      <PatchGrid
        {...{ panel, region, pinned: -1, pointed: 5 }}
        size={{ width: 400, height: 300 }}
        label="The picture"
        onPoint={() => undefined}
        onPick={(patch) => picked.push(patch)}
        onRegion={(each) => drawn.push(each)}
      >
        {null}
      </PatchGrid>,
      root,
    ),
  );
}

const element = (): HTMLElement => root.querySelector<HTMLElement>(".patch-grid")!;

function pointer(type: string, x: number, y: number): void {
  const place = { clientX: x, clientY: y, bubbles: true, button: 0, pointerId: 1 };
  act(() => void element().dispatchEvent(new PointerEvent(type, place)));
}

function press(from: readonly [number, number], to: readonly [number, number]): void {
  pointer("pointerdown", ...from);
  pointer("pointermove", ...to);
  pointer("pointerup", ...to);
  const place = { clientX: to[0], clientY: to[1], bubbles: true };
  act(() => void element().dispatchEvent(new MouseEvent("click", place)));
}

function key(name: string, shiftKey: boolean): void {
  act(
    () =>
      void element().dispatchEvent(
        new KeyboardEvent("keydown", { key: name, shiftKey, bubbles: true }),
      ),
  );
}

beforeEach(() => {
  [drawn, picked] = [[], []];
  HTMLElement.prototype.setPointerCapture = () => undefined;
  vi.spyOn(HTMLElement.prototype, "getBoundingClientRect").mockReturnValue(
    new DOMRect(0, 0, 400, 300),
  );
});

it("draws a rectangle while the pointer is dragged, ending at the edge, and picks no patch by it", () => {
  draw();
  press([150, 50], [900, 150]);
  expect(drawn.at(-1)).toEqual({ from: 1, to: 7 });
  expect(picked).toEqual([]);
});

it("picks the patch by a press that does not move", () => {
  draw();
  press([150, 50], [152, 51]);
  expect([drawn, picked]).toEqual([[], [1]]);
});

it("grows it with Shift and the arrows from the pointed patch, and Escape drops it", () => {
  draw();
  key("ArrowRight", true);
  expect(drawn).toEqual([{ from: 5, to: 6 }]);
  draw({ from: 1, to: 5 });
  key("ArrowDown", true);
  expect(drawn.at(-1)).toEqual({ from: 1, to: 9 });
  key("Escape", false);
  expect(drawn.at(-1)).toBeNull();
  const { left, top, width, height } = root.querySelector<HTMLElement>(".patch-region")!.style;
  expect([left, top, width, height].map(Number.parseFloat)).toEqual(
    [25, 0, 25, 200 / 3].map((each) => expect.closeTo(each, 3)),
  );
});
