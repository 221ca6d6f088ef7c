/** One head in both records → the matrix of its differences, with the numbers of the pointed cell. */

import { useLayoutEffect, useRef } from "preact/hooks";

import type { LayerWeights } from "../../decoding/decode";
import { divergingTable } from "../../draw/colour";
import { differenceCode, differenceTable, drawDifferences } from "../../draw/differences";
import { makeRaster } from "../../draw/raster";
import { formatDifference, formatWeight } from "../../text/format_number";
import { hideBelow, hoverKey, hoverQuery, key, query, theme, quantityName } from "../../state";
import type { Pair } from "./chosen_pair";
import { signOf } from "./ranked";
import { shownComparison } from "./scene";
import { pairText } from "./tokens_of";
import { useWidth } from "../../parts/measured";
import { putRaster } from "../../parts/put_raster";

export type ChangeMatrixProps = Pick<Pair, "first" | "second" | "head">;

/** Signed codes of every cell. */
export function differenceCodes({ first, second, head }: ChangeMatrixProps): Uint8Array {
  const { queries, keys } = second;
  const codes = new Uint8Array(queries * keys);
  for (let at = 0; at < codes.length; at++) {
    const [row, column] = [Math.floor(at / keys), at % keys];
    codes[at] = differenceCode(second.weight(head, row, column) - first.weight(head, row, column));
  }
  return codes;
}

function draw(canvas: HTMLCanvasElement, props: ChangeMatrixProps, width: number): void {
  const { queries, keys } = props.second;
  const across = Math.round(width * window.devicePixelRatio);
  const down = Math.max(1, Math.round((across * queries) / keys));
  const raster = makeRaster(across, down);
  const colours = differenceTable(divergingTable(theme.peek()), hideBelow.peek());
  const codes = { codes: differenceCodes(props), offset: 0, rows: queries, columns: keys };
  drawDifferences(raster, { x: 0, y: 0, width: across, height: down }, codes, colours);
  putRaster(canvas, raster);
}

type Steps = Readonly<Record<string, readonly [number, number]>>;
const arrows: Steps = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

const within = (at: number, length: number): number => Math.min(length - 1, Math.max(0, at));

function point(row: number | null, column: number | null): void {
  hoverQuery.value = row;
  hoverKey.value = column;
}

interface Place {
  readonly query: number;
  readonly key: number;
}

/** Arrow keys point at the cell beside the one they stand on. */
export function matrixKeys(event: KeyboardEvent, { queries, keys }: LayerWeights, at: Place): void {
  const by = arrows[event.key];
  if (by === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  point(within(at.query + by[0], queries), within(at.key + by[1], keys));
}

export function ChangeMatrix(props: ChangeMatrixProps) {
  const { first, second, head } = props;
  const room = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(room);
  useLayoutEffect(() => {
    if (width > 0) draw(canvas.current!, props, width);
  }, [first, second, head, width, theme.value, hideBelow.value]);
  const largest = shownComparison.value?.head(second.layer, head);
  const at: Place = {
    query: hoverQuery.value ?? query.value ?? largest?.query ?? 0,
    key: hoverKey.value ?? key.value ?? largest?.key ?? 0,
  };
  const { queries, keys } = second;
  return (
    <div class="change-matrix">
      <Readout {...props} at={at} />
      <div
        ref={room}
        class="change-matrix-room"
        tabIndex={0}
        role="group"
        aria-label="Matrix of differences, arrow keys move over its cells"
        onPointerMove={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          point(
            within(Math.floor(((event.clientY - box.top) / box.height) * queries), queries),
            within(Math.floor(((event.clientX - box.left) / box.width) * keys), keys),
          );
        }}
        onPointerLeave={() => point(null, null)}
        onBlur={() => point(null, null)}
        onKeyDown={(event) => matrixKeys(event, second, at)}
      >
        <canvas
          ref={canvas}
          role="img"
          aria-label={`Matrix of what layer ${second.layer} head ${head} gained and lost`}
        />
        <i class="change-cell" style={cellStyle(at, second)} />
      </div>
      <p class="side-hint">
        Query rows × key columns, {quantityName.value} at B minus {quantityName.value} at A.
      </p>
    </div>
  );
}

function cellStyle({ query, key }: Place, { queries, keys }: LayerWeights) {
  return {
    left: `${(100 * key) / keys}%`,
    top: `${(100 * query) / queries}%`,
    width: `${100 / keys}%`,
    height: `${100 / queries}%`,
  };
}

export function Readout({ first, second, head, at }: ChangeMatrixProps & { readonly at: Place }) {
  const [before, after] = [first, second].map((each) => each.weight(head, at.query, at.key)) as [
    number,
    number,
  ];
  return (
    <span class="change-readout" aria-live="polite">
      {pairText(second.layer, at.query, at.key)}{" "}
      <span>
        {formatWeight(before)} → {formatWeight(after)}{" "}
        <b class={signOf(after - before)}>{formatDifference(after - before)}</b>
      </span>
    </span>
  );
}
