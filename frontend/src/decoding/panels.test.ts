import { describe, expect, it } from "vitest";

import type { RecordHeader } from "./answers";
import { panelsOf, patchAt, soundOf, wordsOf } from "./panels";

function header(geometry: RecordHeader["geometry"]): RecordHeader {
  const tokens = { tokens: Array.from({ length: 12 }, (_, at) => `t${at}`) };
  const pictures = [{ sha256: "", width: 300, height: 200, media: "image/png" }];
  return { tokens, geometry, pictures } as unknown as RecordHeader;
}

const image = { kind: "image" as const, start: 2, rows: 2, cols: 3 };

describe("panels of a list", () => {
  it("have the positions of their patches row by row, and the shape of their picture", () => {
    const [panel] = panelsOf(header({ tokens: [{ ...image, picture: 0 }] }), "tokens");
    expect([...panel!.positions]).toEqual([2, 3, 4, 5, 6, 7]);
    expect(panel!.aspect).toBe(1.5);
    expect(patchAt(panel!, 5)).toBe(3);
    expect(patchAt(panel!, 1)).toBe(-1);
  });

  it("follow the order in which the positions stand", () => {
    const order = [0, 1, 3, 4, 2, 5];
    const [panel] = panelsOf(header({ tokens: [{ ...image, order }] }), "tokens");
    expect([...panel!.positions]).toEqual([2, 3, 6, 4, 5, 7]);
  });

  it("are one for each frame and image, named where there are several", () => {
    const spans = [
      { ...image, start: 0, rows: 1, cols: 2, frames: 2 },
      { ...image, start: 4 },
    ];
    const panels = panelsOf(header({ tokens: spans }), "tokens");
    expect(panels.map(({ name }) => name)).toEqual([
      "image 1, frame 0",
      "image 1, frame 1",
      "image 2",
    ]);
    expect([...panels[1]!.positions]).toEqual([2, 3]);
    expect(wordsOf(header({ tokens: spans }), "tokens")).toEqual([10, 11]);
  });

  it.each([
    [[16, 8], undefined, 0.75],
    [[0, 0], undefined, 1.5],
    [[16, 16], [0, 0, 0.5, 1], 3],
  ] as const)("without a picture have the shape of patches %j in box %j", (patch, box, aspect) => {
    const span = { ...image, patch: [...patch] as [number, number] };
    const whole =
      box === undefined ? span : { ...span, box: [...box] as [number, number, number, number] };
    expect(panelsOf(header({ tokens: [whole] }), "tokens")[0]!.aspect).toBe(aspect);
  });

  it("are none of a sound, nor of a list without geometry", () => {
    const sound = { kind: "sound" as const, start: 0, length: 12, seconds: 0.02 };
    expect(panelsOf(header({ tokens: [sound] }), "tokens")).toEqual([]);
    expect(soundOf(header({ tokens: [sound] }), "tokens")).toEqual(sound);
    expect(panelsOf(header({}), "tokens")).toEqual([]);
    expect(soundOf(header(undefined), "vision")).toBeNull();
  });
});
