// @vitest-environment happy-dom
import { expect, it } from "vitest";

import type { RecordHeader } from "../../decoding/answers";
import type { LayerWeights } from "../../decoding/decode";
import type { Raster } from "../../draw/raster";
import type { Shape } from "../../draw/picture";
import { isPathDrawn } from "../../state";
import { soundExport } from "./sound_export";
import type { SoundScene } from "./sound_scene";

const layers = [{ kind: "cross", stack: "decoder", keys: 4 }];
const record = { tag: "speech", step: 8, layers } as unknown as RecordHeader;
const weights = { layer: 0 } as LayerWeights;
const raster = { width: 200, height: 8 } as unknown as Raster;
const scene = {
  span: { seconds: 0.5 },
  ...{ frames: 4, seconds: 2, queries: [1, 2], names: ["good", "morning"], words: [0, 1] },
  weights: { rows: 2, columns: 4, values: Float32Array.of(0.7, 0.1, 0.1, 0.1, 0, 0, 0.5, 0.5) },
  path: [
    [0, 2],
    [2, 4],
  ],
} as unknown as SoundScene;

function drawn(row: number): readonly Shape[] {
  const sizes = { pitch: 20, height: 100, row };
  return soundExport({ record, weights, scene }, raster, raster, sizes).picture.shapes;
}

const textsOf = (shapes: readonly Shape[]): string[] =>
  shapes.flatMap((shape) => (shape.kind === "text" ? shape.text : []));
const linesOf = (shapes: readonly Shape[]): number[] =>
  shapes.flatMap((shape) => (shape.kind === "line" ? shape.points.length : []));

it("a figure of a sound has the words over it and beside their rows, the row's profile, seconds and the path", () => {
  const shapes = drawn(0);
  const texts = textsOf(shapes);
  expect(texts.filter((text) => text === "morning")).toHaveLength(2);
  expect(texts).toEqual(expect.arrayContaining(["“good”", "0 s", "speech, step 8, Layer 0"]));
  expect(texts.filter((text) => text.endsWith("×"))).toHaveLength(1);
  expect(linesOf(shapes)).toEqual([10, 6]);
});

it("a path that is not drawn and a row that nobody looks at are not in the figure", () => {
  isPathDrawn.value = false;
  expect(linesOf(drawn(-1))).toEqual([]);
  isPathDrawn.value = true;
});
