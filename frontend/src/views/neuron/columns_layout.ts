/** Width of the view and number of dimensions → places of the columns, in CSS pixels. */

export interface Span {
  x: number;
  width: number;
}

export interface ColumnsLayout {
  /** Of the query tokens at the left. */
  tokens: number;
  /** Of all columns together; the spans count from its left edge. */
  picture: number;
  query: Span;
  key: Span;
  product: Span;
  sum: Span;
  softmax: Span;
  /** Of the weights and of the key tokens at the right. */
  numbers: number;
  keyTokens: number;
}

const GAP = 16;
const SUM = 72;
const LEAST_SOFTMAX = 96;
const NUMBERS = 42;
const WIDE = 900;

/** Whole pixels for each dimension where they fit; where they do not, several share one. */
function cellsWidth(room: number, dimensions: number): number {
  return room < dimensions ? room : Math.floor(room / dimensions) * dimensions;
}

export function columnsLayout(width: number, dimensions: number): ColumnsLayout {
  const tokens = width < WIDE ? 62 : 64;
  const keyTokens = width < WIDE ? 62 : 70;
  const picture = Math.max(320, width - tokens - 8 - NUMBERS - keyTokens);
  const room = Math.floor((picture - 4 * GAP - SUM - LEAST_SOFTMAX) / 3);
  const cells = cellsWidth(Math.max(16, room), dimensions);
  const at = (place: number): Span => ({ x: place * (cells + GAP), width: cells });
  const sum = { x: 3 * (cells + GAP), width: SUM };
  const softmax = sum.x + SUM + GAP;
  return {
    ...{ tokens, picture, query: at(0), key: at(1), product: at(2), sum },
    softmax: { x: softmax, width: picture - softmax },
    ...{ numbers: NUMBERS, keyTokens },
  };
}

/** Place in the order that a point of a column lies on; null beside the columns. */
export function placeAt(layout: ColumnsLayout, dimensions: number, x: number): number | null {
  const span = [layout.query, layout.key, layout.product].find(
    (each) => x >= each.x && x < each.x + each.width,
  );
  if (span === undefined) return null;
  return Math.min(dimensions - 1, Math.floor(((x - span.x) / span.width) * dimensions));
}

/** What a place in the order covers of a column: the inverse of `placeAt`. */
export function spanOf(column: Span, dimensions: number, place: number): Span {
  const width = column.width / dimensions;
  return { x: column.x + place * width, width };
}
