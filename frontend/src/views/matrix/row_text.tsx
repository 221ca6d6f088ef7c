/** A row of a long head → its keys with most weight as coloured words of the text, and how much of the row they hold. */

import { useMemo } from "preact/hooks";

import { cssOf, inkOn, sequentialTable, type Rgb } from "../../draw/colour";
import { placeOfLog } from "../../draw/times_uniform";
import type { Axis } from "../../parts/token_lines/axis";
import { hoverKey, key, theme } from "../../state";
import { formatWeight, percent } from "../../text/format_number";
import { formatTimes } from "../../text/times";
import { elide } from "../../text/tokens";
import { type Snippet, snippets, topKeys } from "./top_keys";

export interface RowTextProps {
  row: Float32Array;
  axis: Axis;
  /** Keys that the query sees; null where the mask does not say. */
  seen: number | null;
}

export const MOST_KEYS = 24;
const AROUND = 4;

function rgbOf(place: number, colours: Uint32Array): Rgb {
  const pixel = colours[Math.round(255 * place)]!;
  return [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];
}

function Word({ at, of, isTop }: { at: number; of: RowTextProps; isTop: boolean }) {
  const { row, axis } = of;
  const weight = row[at]!;
  const colour = rgbOf(placeOfLog(Math.log2(weight), row.length), sequentialTable(theme.value));
  const token = axis.rows[at]!;
  const times = formatTimes(weight * (of.seen ?? row.length));
  return (
    <button
      type="button"
      class={`row-word${isTop ? " is-top" : ""}${key.value === at ? " is-marked" : ""}`}
      title={`${token.raw} · key ${at} · ${formatWeight(weight, 4)} · ${times} uniform`}
      style={{ background: cssOf(colour), color: inkOn(colour) }}
      onPointerEnter={() => (hoverKey.value = at)}
      onPointerLeave={() => (hoverKey.value = null)}
      onClick={() => (key.value = key.value === at ? null : at)}
    >
      <bdi>{elide(token.text, 24)}</bdi>
    </button>
  );
}

function Piece({ span, of, top }: { span: Snippet; of: RowTextProps; top: ReadonlySet<number> }) {
  const places = Array.from({ length: span[1] - span[0] }, (_, at) => span[0] + at);
  return (
    <p class="row-piece">
      <span class="row-place">{span[0].toLocaleString("en")}</span>
      <span>
        {places.map((at) => (
          <Word key={at} at={at} of={of} isTop={top.has(at)} />
        ))}
      </span>
    </p>
  );
}

/** “These 24 keys hold 91 % of the row.” */
export function coverageText(count: number, coverage: number, sum: number): string {
  const rest = sum < 0.99 ? ` (the row sums to ${formatWeight(sum)}: the rest goes to a sink)` : "";
  if (count === 1) return `This one key holds ${percent(coverage)} of the row${rest}.`;
  return `These ${count} keys hold ${percent(coverage)} of the row${rest}.`;
}

export function RowText(props: RowTextProps) {
  const { row, seen } = props;
  const found = useMemo(() => {
    const top = topKeys(row, MOST_KEYS);
    return {
      ...top,
      pieces: snippets(top.keys, AROUND, row.length),
      sum: row.reduce((sum, weight) => sum + (weight || 0), 0),
    };
  }, [row]);
  const top = new Set(found.keys);
  const uniform = seen ?? row.length;
  return (
    <section class="row-text" aria-label="Row of the pinned query">
      <p class="row-coverage">
        {coverageText(found.keys.length, found.coverage, found.sum)} Colour: times uniform, as in
        the matrix; underlined are the {found.keys.length}; {AROUND} tokens stand on either side.
      </p>
      {found.pieces.map((span) => (
        <Piece key={span[0]} span={span} of={props} top={top} />
      ))}
      <p class="row-coverage">
        {seen === null ? "Keys in all" : "Keys that it sees"}: {uniform.toLocaleString("en")}, so
        that uniform is {formatWeight(1 / uniform, 6)}.
      </p>
    </section>
  );
}
