import { describe, expect, it } from "vitest";

import { LayerWeights } from "../../decoding/decode";
import { makeAxis } from "../../parts/token_lines/axis";
import { linesPicture } from "./lines_picture";

const tokens = ["the", "nurse"];
const values = Float32Array.of(0.6, 0.2, 0.3, 0.5, 1, 0, 0, 1);
const weights = new LayerWeights(0, 2, 2, 2, "float32", new Float32Array(4).fill(1), null, values);
const axis = makeAxis(tokens, new Set(), null, { specials: "show", only: null });

const scene = {
  record: { tag: "she", step: 8, layers: [{ name: "", stack: "", kind: "self" }] },
  numbers: {
    weights,
    heads: [
      { head: 0, colour: "#327cbb" },
      { head: 1, colour: "#7a1f06" },
    ],
    axes: { query: axis, key: axis },
    focus: { side: "query", token: 0 } as const,
    rows: {
      side: "key",
      byHead: [Float32Array.of(0.6, 0.2), Float32Array.of(1, 0)],
      hidden: [{ caption: "no key", byHead: [0.2, 0], mean: 0.1, isSink: true as const }],
    },
  },
  names: ["0", "1"],
  threshold: 0.01,
  gain: 1,
  theme: "light",
  withNumbers: true,
} as const;
const of = (more: object) =>
  linesPicture({ ...scene, ...more } as unknown as Parameters<typeof linesPicture>[0]);
const texts = (picture: ReturnType<typeof of>) =>
  picture.shapes.flatMap((shape) => (shape.kind === "text" ? [shape.text] : []));

describe("the exported lines", () => {
  it("have rows as high as in the view", () => {
    expect(of({ rowHeight: 40 }).height - of({ rowHeight: 32 }).height).toBe(3 * 8);
  });

  it("have the share of no key, with a dashed line from each head that leaves some", () => {
    const picture = of({});
    expect(texts(picture)).toContain("no key: sink");
    const dashed = picture.shapes.filter((shape) => shape.kind === "curve" && shape.isDashed);
    expect(dashed).toHaveLength(1);
  });

  it("have a bar for what each head changes, over its column", () => {
    const effects = { title: "effect on the loss", values: [-0.31, 0.02] };
    const [plain, picture] = [of({}), of({ effects })];
    expect(texts(picture)).toEqual(expect.arrayContaining(["effect on the loss", "−.31", "+.020"]));
    const boxes = (each: typeof picture) => each.shapes.filter(({ kind }) => kind === "box").length;
    expect(boxes(picture)).toBe(boxes(plain) + 3);
    expect(picture.height).toBeGreaterThan(plain.height);
  });
});
