/** The spans of a token list → panels, each one grid of patches on one picture, and which position each patch has. */

import type { ImageSpan, RecordHeader, SoundSpan, TokenList } from "./answers";

/** One image, or one frame of a video. */
export interface Panel {
  readonly name: string;
  readonly list: TokenList;
  readonly rows: number;
  readonly cols: number;
  /** The position of each patch, row by row. */
  readonly positions: Int32Array;
  /** Index of the record's pictures; null where none is known. */
  readonly picture: number | null;
  /** What the patches cover of the picture, 0 to 1. */
  readonly box: readonly [x0: number, y0: number, x1: number, y1: number];
  /** Width over height of the whole picture, as far as it is known. */
  readonly aspect: number;
}

const WHOLE = [0, 0, 1, 1] as const;

function spansOf(header: RecordHeader, list: TokenList): readonly (ImageSpan | SoundSpan)[] {
  return header.geometry?.[list] ?? [];
}

function aspectOf(header: RecordHeader, span: ImageSpan): number {
  const picture = header.pictures?.[span.picture ?? -1];
  if (picture !== undefined) return picture.width / picture.height;
  const [high, wide] = span.patch ?? [0, 0];
  const [x0, y0, x1, y1] = span.box ?? WHOLE;
  const patches =
    high > 0 && wide > 0 ? (span.cols * wide) / (span.rows * high) : span.cols / span.rows;
  return (patches * (y1 - y0)) / (x1 - x0);
}

/** Patch → position, of one frame. */
function positionsOf({ start, rows, cols, order }: ImageSpan, frame: number): Int32Array {
  const size = rows * cols;
  const found = new Int32Array(size);
  if (order === undefined || order === null) return found.map((_, at) => start + frame * size + at);
  order.forEach((patch, at) => {
    if (Math.floor(patch / size) === frame) found[patch % size] = start + at;
  });
  return found;
}

export function panelsOf(header: RecordHeader, list: TokenList): Panel[] {
  const spans = spansOf(header, list).filter((span) => span.kind === "image");
  return spans.flatMap((span, number) => {
    const frames = span.frames ?? 1;
    return Array.from({ length: frames }, (_, frame): Panel => ({
      name: [
        ...(spans.length > 1 ? [`image ${number + 1}`] : []),
        ...(frames > 1 ? [`frame ${frame}`] : []),
      ].join(", "),
      list,
      rows: span.rows,
      cols: span.cols,
      positions: positionsOf(span, frame),
      picture: span.picture ?? null,
      box: span.box ?? WHOLE,
      aspect: aspectOf(header, span),
    }));
  });
}

/** The first sound of a list; null where there is none. */
export function soundOf(header: RecordHeader, list: TokenList): SoundSpan | null {
  return spansOf(header, list).find((span) => span.kind === "sound") ?? null;
}

/** The patch that a position is; −1 where it is none of the panel's. */
export function patchAt({ positions }: Panel, position: number | null): number {
  return position === null ? -1 : positions.indexOf(position);
}

/** Positions of a list that are no patch: words, CLS, registers. */
export function wordsOf(header: RecordHeader, list: TokenList): number[] {
  const taken = new Set(panelsOf(header, list).flatMap(({ positions }) => [...positions]));
  return [...(header.tokens[list] ?? []).keys()].filter((at) => !taken.has(at));
}
