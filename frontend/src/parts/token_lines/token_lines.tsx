/** Weights of some heads → two token columns with lines between, and room for numbers beside the keys. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

import type { LayerWeights } from "../../decoding/decode";
import type { LayerAxes } from "./axis";
import { type Focus, focusOf, type Positions } from "./focus";
import { LineCanvas, type ShownHead } from "./line_canvas";
import { NoKeyLines, NoKeyName, noKeyTop } from "./no_key";
import { TokenColumn } from "./token_column";
import { type ScrollWindow, useScrollWindow } from "./use_window";

export type Side = "query" | "key";

export interface TokenLinesProps {
  weights: LayerWeights;
  heads: readonly ShownHead[];
  axes: LayerAxes;
  pinned: Positions;
  hovered: Positions;
  onHover: (side: Side, token: number | null) => void;
  /** null frees both sides. */
  onPin: (side: Side, token: number | null) => void;
  /** Lines of the focused token alone. */
  alone?: boolean;
  threshold: number;
  gain: number;
  rowHeight: number;
  /** What the lines show, for those who cannot see them. */
  label: string;
  /** What each drawn head puts on no key; null: all weight lies on keys. */
  noKey?: readonly number[] | null;
  /** Tokens in bold, and bars behind tokens, on either side. */
  strongest?: Positions;
  bars?: Partial<Record<Side, Float32Array | null>>;
  /** Heads of the middle and of the column at the right, and that column. */
  middle?: ComponentChildren;
  asideHead?: ComponentChildren;
  aside?: (seen: ScrollWindow) => ComponentChildren;
  class?: string;
  onDrawn?: (() => void) | undefined;
}

export const HEAD_HEIGHT = 32;

/** Inside the scrolling element, the head row lies over the window's first pixels. */
function bodyWindow(seen: ScrollWindow): ScrollWindow {
  return { ...seen, height: Math.max(0, seen.height - HEAD_HEIGHT) };
}

function Columns({ props, seen, scroller }: ColumnsProps) {
  const { axes, rowHeight, hovered, pinned } = props;
  const reveal = (row: number): void => {
    const element = scroller();
    if (element === null) return;
    const top = row * rowHeight;
    const last = top + rowHeight - seen.height;
    element.scrollTop = Math.min(top, Math.max(last, element.scrollTop));
  };
  usePinnedInView({ props, seen, scroller }, reveal);
  const column = (side: Side) => (
    <TokenColumn
      side={side}
      axis={axes[side]}
      rowHeight={rowHeight}
      seen={seen}
      pinned={pinned[side]}
      hovered={hovered[side]}
      strongest={props.strongest?.[side] ?? null}
      bars={props.bars?.[side] ?? null}
      onHover={(token) => {
        props.onHover(side, token);
      }}
      onPin={(token) => {
        props.onPin(side, token);
      }}
      reveal={reveal}
    />
  );
  return (
    <>
      {column("query")}
      <Lines props={props} seen={seen} />
      {column("key")}
    </>
  );
}

interface ColumnsProps {
  props: TokenLinesProps;
  seen: ScrollWindow;
  scroller: () => HTMLElement | null;
}

/** A token that is pinned elsewhere, or by a link, is brought into view. */
function usePinnedInView({ props, seen }: ColumnsProps, reveal: (row: number) => void): void {
  const { axes, pinned } = props;
  const hasRoom = seen.height > 0;
  const [side, token] = pinned.query === null ? ["key", pinned.key] : ["query", pinned.query];
  const row = token === null ? undefined : axes[side as Side].rowOf[token as number];
  useEffect(() => {
    if (row !== undefined && row >= 0 && hasRoom) reveal(row);
  }, [row, hasRoom, axes.query.rows.length, axes.key.rows.length]);
}

function Lines({ props, seen }: { props: TokenLinesProps; seen: ScrollWindow }) {
  const { axes, weights, rowHeight } = props;
  const rows = Math.max(axes.query.rows.length, axes.key.rows.length);
  const hovered = focusOf(props.hovered, weights.queries, weights.keys);
  const pinned = focusOf(props.pinned, weights.queries, weights.keys);
  const focus = hovered ?? pinned;
  return (
    <LineCanvas
      weights={weights}
      heads={props.heads}
      axes={axes}
      rowHeight={rowHeight}
      scrollTop={seen.top}
      height={Math.min(rows * rowHeight, seen.height)}
      focus={focus}
      beside={(width) => <Sink {...{ props, seen, focus, width }} />}
      others={hovered !== null ? "hidden" : pinned !== null ? "faint" : "shown"}
      alone={props.alone ?? false}
      threshold={props.threshold}
      gain={props.gain}
      label={props.label}
      onDrawn={props.onDrawn}
    />
  );
}

interface SinkProps {
  readonly props: TokenLinesProps;
  readonly seen: ScrollWindow;
  readonly focus: Focus | null;
  readonly width: number;
}

/** Of the query that is looked at. */
function Sink({ props, seen, focus, width }: SinkProps) {
  const { axes, rowHeight, heads, threshold, gain, noKey: shares = null } = props;
  const top = noKeyTop(axes.key, rowHeight, seen);
  const row = focus?.side === "query" ? axes.query.rowOf[focus.token] : undefined;
  if (shares === null || top === null || row === undefined || row < 0) return null;
  const [from, to] = [(row + 0.5) * rowHeight, top + rowHeight / 2];
  return <NoKeyLines {...{ shares, heads, from, to, width, rowHeight, threshold, gain }} />;
}

export function TokenLines(props: TokenLinesProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const seen = bodyWindow(useScrollWindow(scroller));
  const style = { "--row": `${props.rowHeight}px`, "--head": `${HEAD_HEIGHT}px` };
  const hasSink = (props.noKey ?? null) !== null;
  const top = hasSink ? noKeyTop(props.axes.key, props.rowHeight, seen) : null;
  return (
    <div class={`token-lines ${props.class ?? ""}`} ref={scroller} style={style}>
      <div class="token-lines-head">
        <span class="is-query">query</span>
        <span class="is-middle">{props.middle}</span>
        <span class="is-key">key</span>
        {props.asideHead}
      </div>
      <div class="token-lines-body">
        <Columns props={props} seen={seen} scroller={() => scroller.current} />
        {top !== null && <NoKeyName top={top} rowHeight={props.rowHeight} />}
        {props.aside?.(seen)}
      </div>
    </div>
  );
}
