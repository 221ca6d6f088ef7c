import { expect, test } from "vitest";
import { turned } from "./line_canvas";

test("a picture turned on its side has its rows as columns, pixels whole", () => {
  const bytes = Uint8ClampedArray.from({ length: 24 }, (_, at) => at);
  const pixels = new Uint32Array(bytes.buffer);
  const out = new Uint32Array(turned(bytes, 3, 2).buffer);
  expect([...out]).toEqual([0, 3, 1, 4, 2, 5].map((at) => pixels[at]));
});
