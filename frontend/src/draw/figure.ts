/** A picture and what its marks mean → the picture with its legend below, as one prints it. */

import type { Picture, Shape } from "./picture";

export type Mark =
  | {
      readonly kind: "line";
      readonly colour: string;
      readonly text: string;
      readonly isDotted?: boolean;
    }
  | { readonly kind: "box"; readonly colour: string; readonly text: string }
  | {
      /** A bar of colours from one value to another. */
      readonly kind: "scale";
      readonly colours: readonly string[];
      readonly from: string;
      readonly to: string;
      readonly text: string;
    }
  | { readonly kind: "note"; readonly text: string };

const EDGE = 16;
const ROW = 22;
const GAP = 20;
const SIZE = 12;
/** Of a letter, on average and somewhat more. */
const LETTER = 6.6;
const LINE = 22;
const BOX = 12;
const BAR = 96;

const lengthOf = (text: string): number => text.length * LETTER;

/** Of what stands before a mark's text. */
function signWidth(mark: Mark): number {
  if (mark.kind === "line") return LINE + 6;
  if (mark.kind === "box") return BOX + 6;
  if (mark.kind === "note") return 0;
  return lengthOf(mark.from) + BAR + 12 + lengthOf(mark.to) + 8;
}

function scaleShapes(mark: Mark & { kind: "scale" }, x: number, y: number): Shape[] {
  const left = x + lengthOf(mark.from) + 6;
  const width = BAR / mark.colours.length;
  return [
    { kind: "text", x, y, text: mark.from, size: SIZE },
    ...mark.colours.map((colour, at): Shape => ({
      kind: "box",
      x: left + at * width,
      y: y - 10,
      width: width + 0.25,
      height: BOX,
      colour,
    })),
    { kind: "text", x: left + BAR + 6, y, text: mark.to, size: SIZE },
  ];
}

function signShapes(mark: Mark, x: number, y: number): Shape[] {
  if (mark.kind === "scale") return scaleShapes(mark, x, y);
  if (mark.kind === "box")
    return [{ kind: "box", x, y: y - 10, width: BOX, height: BOX, colour: mark.colour }];
  if (mark.kind === "note") return [];
  const points = [
    [x, y - 4],
    [x + LINE, y - 4],
  ] as const;
  const { colour, isDotted } = mark;
  return [{ kind: "line", points, colour, width: 2, ...(isDotted === true && { isDotted }) }];
}

/** The marks stand side by side below the picture, in as many rows as they need. */
export function withLegend(picture: Picture, marks: readonly Mark[]): Picture {
  if (marks.length === 0) return picture;
  const shapes: Shape[] = [];
  let [x, y] = [EDGE, picture.height + 6];
  for (const mark of marks) {
    const width = signWidth(mark) + lengthOf(mark.text);
    if (x > EDGE && x + width > picture.width - EDGE) [x, y] = [EDGE, y + ROW];
    const text = { kind: "text", x: x + signWidth(mark), y, text: mark.text, size: SIZE } as const;
    shapes.push(...signShapes(mark, x, y), text);
    x += width + GAP;
  }
  const widest = Math.max(...marks.map((mark) => signWidth(mark) + lengthOf(mark.text)));
  return {
    ...picture,
    width: Math.max(picture.width, widest + 2 * EDGE),
    height: y + EDGE,
    shapes: [...picture.shapes, ...shapes],
  };
}
