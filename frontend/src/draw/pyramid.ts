/** Weights of one head → codes by row and column, and halved levels of their maxima, so that no bright cell vanishes. */

export interface Level {
  /** round(255 √weight), as thumbnails have it. */
  readonly codes: Uint8Array;
  readonly rows: number;
  readonly columns: number;
}

/** The first level has a code for each cell; each further one the maxima of two by two. */
export type Pyramid = readonly Level[];

/** What codes are read from; `LayerWeights` is one. */
export interface CodeSource {
  readonly queries: number;
  readonly keys: number;
  readonly firstHead: number;
  readonly rowMax: Float32Array;
  /** For uint8: weight = (code / 255)² × row maximum. */
  readonly codes: Uint8Array | null;
  readonly values: Float32Array | null;
}

/** Fill the table from stored code to round(255 √weight), for a row of this maximum. */
function fillTable(table: Uint8Array, maximum: number): void {
  const root = Math.sqrt(maximum) || 0;
  for (let code = 0; code < 256; code++) table[code] = Math.min(255, Math.round(code * root));
}

/**
 * Codes of the cells that some queries and keys cross in, [row, column].
 *
 * `rows` and `columns` are positions of tokens, −1 for one whose cells stay empty.
 */
export function headCodes(
  source: CodeSource,
  head: number,
  rows: Int32Array,
  columns: Int32Array,
): Level {
  const { queries, keys } = source;
  const codes = new Uint8Array(rows.length * columns.length);
  const table = new Uint8Array(256);
  const whole = columns.length === keys && columns.every((key, at) => key === at);
  for (let row = 0, to = 0; row < rows.length; row++, to += columns.length) {
    if (rows[row]! < 0) continue;
    const line = (head - source.firstHead) * queries + rows[row]!;
    if (source.codes === null) copyValues(source.values!, line * keys, columns, codes, to);
    else {
      fillTable(table, source.rowMax[line]!);
      copyCodes(source.codes, line * keys, whole ? null : columns, codes, {
        to,
        table,
        count: columns.length,
      });
    }
  }
  return { codes, rows: rows.length, columns: columns.length };
}

function copyValues(
  values: Float32Array,
  from: number,
  columns: Int32Array,
  codes: Uint8Array,
  to: number,
): void {
  for (let column = 0; column < columns.length; column++) {
    const key = columns[column]!;
    const value = key < 0 ? 0 : values[from + key]!;
    codes[to + column] = Math.min(255, Math.round(255 * Math.sqrt(Math.max(0, value || 0))));
  }
}

function copyCodes(
  source: Uint8Array,
  from: number,
  columns: Int32Array | null,
  codes: Uint8Array,
  { to, table, count }: { to: number; table: Uint8Array; count: number },
): void {
  if (columns === null) {
    for (let at = 0; at < count; at++) codes[to + at] = table[source[from + at]!]!;
    return;
  }
  for (let at = 0; at < count; at++) {
    const key = columns[at]!;
    codes[to + at] = key < 0 ? 0 : table[source[from + key]!]!;
  }
}

function halved({ codes, rows, columns }: Level): Level {
  const down = (rows + 1) >> 1;
  const across = (columns + 1) >> 1;
  const maxima = new Uint8Array(down * across);
  const pairs = columns >> 1;
  for (let row = 0; row < rows; row++) {
    const to = (row >> 1) * across;
    let from = row * columns;
    for (let at = to; at < to + pairs; at++, from += 2) {
      const one = codes[from]!;
      const two = codes[from + 1]!;
      const largest = one > two ? one : two;
      if (largest > maxima[at]!) maxima[at] = largest;
    }
    if (across > pairs && codes[from]! > maxima[to + pairs]!) maxima[to + pairs] = codes[from]!;
  }
  return { codes: maxima, rows: down, columns: across };
}

export function buildPyramid(cells: Level): Pyramid {
  const levels = [cells];
  for (let last = cells; last.rows > 1 || last.columns > 1; levels.push(last)) last = halved(last);
  return levels;
}
