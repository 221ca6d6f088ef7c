/** Columns and rows → the text of a CSV file. */

export type Value = string | number | null;

export interface Table {
  readonly columns: readonly string[];
  readonly rows: Iterable<readonly Value[]>;
}

const ROWS_A_PART = 10_000;

/** A number that is none is an empty field. */
function field(value: Value): string {
  if (value === null || Number.isNaN(value)) return "";
  if (typeof value === "number") return String(Number(value.toPrecision(7)));
  return /[",\n\r]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

/** In parts, as a text of many rows may be longer than a string can be. */
export function toCsv({ columns, rows }: Table): string[] {
  const parts = [`${columns.map(field).join(",")}\r\n`];
  let lines: string[] = [];
  const flush = (): void => {
    if (lines.length > 0) parts.push(`${lines.join("\r\n")}\r\n`);
    lines = [];
  };
  for (const row of rows) {
    lines.push(row.map(field).join(","));
    if (lines.length === ROWS_A_PART) flush();
  }
  flush();
  return parts;
}
