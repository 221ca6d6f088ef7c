import { beforeAll, describe, expect, it } from "vitest";
import { gridLayout, headsInOrder } from "../../draw/grid";
import type { Box } from "../../draw/raster";
import { CanvasPainter, type Frames, type GridPicture } from "./canvas_painter";

class FakeImageData {
  constructor(
    readonly data: Uint8ClampedArray,
    readonly width: number,
    readonly height: number,
  ) {}
}

beforeAll(() => Object.assign(globalThis, { ImageData: FakeImageData }));

const layout = gridLayout(
  Array.from({ length: 48 }, (_, layer) => ({
    layer,
    heads: 25,
    group: "",
    order: headsInOrder(25),
  })),
  {
    pitchX: 46,
    pitchY: 40,
    cell: { width: 42, height: 25 },
    sparkTop: 27,
    sparkHeight: 7,
    markHeight: 3,
    numberHeight: 0,
    hasMean: true,
    isOverview: false,
  },
);
const box: Box = { x: 0, y: 400, width: 600, height: 480 };
const view = (): Box => box;

function stage() {
  const queue = new Map<number, () => void>();
  let next = 1;
  const frames: Frames = {
    request: (draw) => {
      queue.set(next, draw);
      return next++;
    },
    cancel: (id) => queue.delete(id),
  };
  const puts: number[][] = [];
  const context = {
    putImageData: (...put: number[]) => puts.push(put.slice(3)),
  };
  const canvas = { width: 0, height: 0, style: {}, getContext: () => context };
  const painted: number[][] = [];
  const paint: GridPicture["paint"] = (_target, _layout, rows) => {
    painted.push(rows.map(({ layer }) => layer));
  };
  let drawn = 0;
  const painter = new CanvasPainter(canvas as unknown as HTMLCanvasElement, () => drawn++, frames);
  const frame = (): void => {
    const due = [...queue.values()];
    queue.clear();
    due.forEach((draw) => draw());
  };
  return { painter, paint, painted, puts, canvas, frame, drawn: () => drawn };
}

describe("the painter of the grid", () => {
  it("draws the rows in view first, says so, and the rest of its window a frame later", () => {
    const { painter, paint, painted, frame, drawn } = stage();
    painter.show({ layout, paint, view, scale: 1 });
    expect(painted).toEqual([]);
    frame();
    expect(painted).toEqual([Array.from({ length: 12 }, (_, at) => 10 + at)]);
    expect(drawn()).toBe(1);
    frame();
    expect(painted[1]).toEqual([4, 5, 6, 7, 8, 9, 22, 23, 24, 25, 26, 27]);
    expect(drawn()).toBe(1);
  });

  it("holds a window and not the whole of a large grid", () => {
    const { painter, paint, canvas, frame } = stage();
    painter.show({ layout, paint, view, scale: 2 });
    frame();
    expect(canvas.height).toBe(960 * 2);
    expect(canvas.style).toMatchObject({ top: "160px", height: "960px" });
  });

  it("does nothing while scrolling stays inside the window", () => {
    const { painter, paint, painted, frame } = stage();
    painter.show({ layout, paint, view, scale: 1 });
    frame();
    frame();
    painter.show({ layout, paint, view: () => ({ ...box, y: 500 }), scale: 1 });
    frame();
    expect(painted.length).toBe(2);
  });

  it("drops a picture that a newer one replaces before the frame", () => {
    const { painter, paint, painted, frame, drawn } = stage();
    const old: GridPicture["paint"] = () => painted.push([-1]);
    painter.show({ layout, paint: old, view, scale: 1 });
    painter.show({ layout, paint, view, scale: 1 });
    frame();
    expect(painted[0]).not.toEqual([-1]);
    expect(drawn()).toBe(1);
  });

  it("keeps the cells of a picture that paints the same ones, once all of the window has them", () => {
    const { painter, frame } = stage();
    const kept: [string, boolean][] = [];
    const paintOf = (name: string, cells: object): GridPicture["paint"] =>
      Object.assign(
        (...given: Parameters<GridPicture["paint"]>) => void kept.push([name, given[4] === true]),
        { cells },
      );
    const [first, second] = [{}, {}];
    const show = (name: string, cells: object, frames = 2): void => {
      painter.show({ layout, paint: paintOf(name, cells), view, scale: 1 });
      for (let each = 0; each < frames; each++) frame();
    };
    show("new", first);
    show("same", first);
    show("other", second, 1);
    show("back before the rest was drawn", first);
    show("larger", first, 0);
    painter.show({ layout, paint: paintOf("larger", first), view, scale: 2 });
    frame();
    expect(kept).toEqual([
      ...[
        ["new", false],
        ["new", false],
        ["same", true],
        ["same", true],
        ["other", false],
      ],
      ["back before the rest was drawn", false],
      ["back before the rest was drawn", false],
      ["larger", false],
    ]);
  });
});
