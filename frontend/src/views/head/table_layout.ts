/** Width of the view and number of heads → width of the table and how many of its columns fit. */

/** Column of tokens in the table, when its rows are queries. */
export const tokenWidth = 64;

export interface TableLayout {
  width: number;
  /** From one column to the next. */
  pitch: number;
  /** Heads that fit at once; the others are a page further. */
  columns: number;
}

/** Column of how long the keys' values are. */
export const normWidth = 88;

/** Token columns and the gaps between everything. */
const beside = 96 + 8 + 8 + 80 + 16;
const widest = 56;
const narrowest = 32;
/** For the word “mean”. */
const narrowestMean = 36;
/** The lines keep this share of the view, and never less than so many pixels. */
const lineShare = 0.38;
const fewestLinePixels = 220;

export function meanWidth(pitch: number): number {
  return Math.max(narrowestMean, pitch);
}

export function tableLayout(viewWidth: number, heads: number): TableLayout {
  const room = Math.max(0, viewWidth - beside - extraTokenWidth(viewWidth) * 2);
  const easy = room - lineShare * viewWidth;
  const hard = Math.max(narrowest + narrowestMean, room - fewestLinePixels);
  const pitch = Math.min(widest, Math.max(narrowest, Math.floor(easy / (heads + 1))));
  const columns = Math.max(1, Math.min(heads, Math.floor((hard - meanWidth(pitch)) / pitch)));
  return { width: columns * pitch + meanWidth(pitch), pitch, columns };
}

/** A wide view leaves longer tokens their room. */
export function extraTokenWidth(viewWidth: number): number {
  return viewWidth >= 1200 ? 40 : 0;
}

/** With a column of tokens the others move closer, so that the table keeps its place. */
export function columnPitch({ width, pitch, columns }: TableLayout, withTokens: boolean): number {
  if (!withTokens) return pitch;
  return Math.min(pitch, Math.floor((width - tokenWidth - narrowestMean) / columns));
}
