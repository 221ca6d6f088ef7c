/** Numbers of every query and key → a small matrix with the tokens' names, the numbers in its cells, rows that can be pinned. */

import { useLayoutEffect, useRef } from "preact/hooks";

import { cssOf, inkOn, rgbOfPixel } from "../../draw/colour";
import { elide } from "../../text/tokens";
import type { LayerAxes } from "../token_lines/axis";
import { hoverToken, pinToken } from "../token_lines/pinning";
import { TokenColumn } from "../token_lines/token_column";
import { acrossOf, ROOM_FOR_NUMBER, type MatrixSizes } from "./matrix_sizes";

export interface MatrixValues {
  readonly queries: number;
  readonly keys: number;
  /** [query, key]. */
  readonly values: Float32Array;
  readonly pixel: (value: number) => number;
  /** "" where a cell has no number. */
  readonly text: (value: number) => string;
}

export interface TokenMatrixProps {
  readonly of: MatrixValues;
  readonly axes: LayerAxes;
  readonly sizes: MatrixSizes;
  readonly hasRowNames: boolean;
  readonly label: string;
  /** Token of the outlined row, and of the key in bold. */
  readonly query: number | null;
  readonly key_: number | null;
  readonly pinned: number | null;
  readonly hovered: number | null;
  /** Outlined by itself. */
  readonly marked?: { readonly query: number; readonly key: number } | null;
}

const FONT = "11px Roboto, Arial, sans-serif";

function draw(canvas: HTMLCanvasElement, { of, axes, sizes }: TokenMatrixProps): void {
  const { cell } = sizes;
  const across = acrossOf(sizes);
  const edge = (column: number): number => Math.round(column * across * scale) / scale;
  const scale = window.devicePixelRatio;
  canvas.width = Math.round(axes.key.rows.length * across * scale);
  canvas.height = Math.round(axes.query.rows.length * cell * scale);
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.scale(scale, scale);
  context.font = FONT;
  context.textAlign = "center";
  context.textBaseline = "middle";
  axes.query.rows.forEach((query, row) =>
    axes.key.rows.forEach((key, column) => {
      const isOff = query.off || key.off;
      const value = isOff ? 0 : of.values[query.token * of.keys + key.token]!;
      const rgb = rgbOfPixel(of.pixel(value));
      context.fillStyle = cssOf(rgb);
      context.fillRect(edge(column), row * cell, edge(column + 1) - edge(column), cell);
      const text = Math.min(cell, across) < ROOM_FOR_NUMBER || isOff ? "" : of.text(value);
      if (text === "") return;
      context.fillStyle = inkOn(rgb);
      context.fillText(text, (column + 0.5) * cell, (row + 0.5) * cell + 0.5);
    }),
  );
}

export function TokenMatrix(props: TokenMatrixProps) {
  const { of, axes, sizes, label, hasRowNames } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => draw(canvas.current!, props), [of, axes, sizes.cell, sizes.across]);
  const { cell, left, above } = sizes;
  const [width, height] = [axes.key.rows.length * acrossOf(sizes), axes.query.rows.length * cell];
  return (
    <div
      class="token-matrix"
      style={{ "--row": `${cell}px`, paddingTop: above, paddingLeft: hasRowNames ? left : 0 }}
    >
      {hasRowNames && (
        <div class="matrix-rows" style={{ top: above, width: left }}>
          <TokenColumn
            side="query"
            axis={axes.query}
            rowHeight={cell}
            seen={{ top: 0, width: left, height }}
            pinned={props.pinned}
            hovered={props.hovered}
            strongest={null}
            onHover={(token) => hoverToken("query", token)}
            onPin={(token) => pinToken("query", token)}
            reveal={() => undefined}
          />
        </div>
      )}
      {sizes.across === undefined && <KeyNames {...props} />}
      <div
        class="matrix-cells"
        style={{ width, height }}
        onPointerMove={(event) => point(event, props)}
        onPointerLeave={() => leave()}
        onClick={(event) => {
          const at = placeAt(event, props);
          if (at !== null) pinToken("query", at.query);
        }}
      >
        <canvas ref={canvas} role="img" aria-label={label} style={{ width, height }} />
        <Outlines {...props} />
      </div>
    </div>
  );
}

function KeyNames({ axes, sizes, hasRowNames, key_ }: TokenMatrixProps) {
  const from = hasRowNames ? sizes.left : 0;
  return (
    <div class="matrix-keys" aria-hidden="true" style={{ height: sizes.above, left: from }}>
      {axes.key.rows.map(({ token, text, raw, special, off }, column) => (
        <span
          key={token}
          title={raw}
          class={`${special || off ? "is-special" : ""} ${token === key_ ? "is-strongest" : ""}`}
          style={{ left: (column + 0.5) * sizes.cell }}
        >
          <bdi>{elide(text, 14)}</bdi>
        </span>
      ))}
    </div>
  );
}

function Outlines({ axes, sizes, query, marked }: TokenMatrixProps) {
  const { cell } = sizes;
  const row = query === null ? -1 : (axes.query.rowOf[query] ?? -1);
  const at = marked ?? null;
  const [down, across] =
    at === null ? [-1, -1] : [axes.query.rowOf[at.query] ?? -1, axes.key.rowOf[at.key] ?? -1];
  return (
    <>
      {row >= 0 && <i class="matrix-row" style={{ top: row * cell, height: cell }} />}
      {down >= 0 && across >= 0 && (
        <i
          class="matrix-mark"
          style={{
            top: down * cell,
            left: across * acrossOf(sizes),
            width: acrossOf(sizes),
            height: cell,
          }}
        />
      )}
    </>
  );
}

interface Place {
  readonly query: number;
  readonly key: number;
}

function placeAt(
  event: {
    readonly currentTarget: HTMLElement;
    readonly clientX: number;
    readonly clientY: number;
  },
  { axes, sizes }: TokenMatrixProps,
): Place | null {
  const box = event.currentTarget.getBoundingClientRect();
  const query = axes.query.rows[Math.floor((event.clientY - box.top) / sizes.cell)];
  const key = axes.key.rows[Math.floor((event.clientX - box.left) / acrossOf(sizes))];
  if (query === undefined || key === undefined || query.off || key.off) return null;
  return { query: query.token, key: key.token };
}

function point(event: Parameters<typeof placeAt>[0], props: TokenMatrixProps): void {
  const at = placeAt(event, props);
  hoverToken("key", at?.key ?? null);
  hoverToken("query", at?.query ?? null);
}

function leave(): void {
  hoverToken("key", null);
  hoverToken("query", null);
}
