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

/** Token columns and the gaps between everything. */
const beside = 96 + 8 + 8 + 80 + 16;
const widest = 56;
const narrowest = 34;
/** The lines keep this share of the view, and never less than so many pixels. */
const lineShare = 0.38;
const fewestLinePixels = 220;

/** The mean has a column of its own, as wide as a head's. */
export function tableLayout(viewWidth: number, heads: number): TableLayout {
  const room = Math.max(0, viewWidth - beside);
  const easy = room - lineShare * viewWidth;
  const hard = Math.max(2 * narrowest, room - fewestLinePixels);
  const wanted = heads + 1;
  const pitch = Math.min(widest, Math.max(narrowest, Math.floor(easy / wanted)));
  const fitting = Math.max(1, Math.min(heads, Math.floor(hard / pitch) - 1));
  return { width: (fitting + 1) * pitch, pitch, columns: fitting };
}

/** With a column of tokens the others move closer, so that the table keeps its place. */
export function columnPitch({ width, pitch, columns }: TableLayout, withTokens: boolean): number {
  return withTokens ? Math.floor((width - tokenWidth) / (columns + 1)) : pitch;
}
