/** One side's tokens as a list box: pointing and arrow keys choose a token, click and Enter pin it. */

import type { TargetedKeyboardEvent, TargetedMouseEvent } from "preact";
import { useEffect } from "preact/hooks";

import { elide } from "../../text/tokens";
import type { Axis, AxisRow } from "./axis";
import { rowsInWindow, type ScrollWindow } from "./use_window";

export interface TokenColumnProps {
  side: "query" | "key";
  axis: Axis;
  /** From one token to the next. */
  rowHeight: number;
  /** Tokens stand side by side. */
  sideways?: boolean;
  seen: ScrollWindow;
  pinned: number | null;
  hovered: number | null;
  /** Token in bold: the one with most weight. */
  strongest: number | null;
  /** Length of a bar behind each token, −1 (lost) to 1, by token; none without it. */
  bars?: Float32Array | null;
  onHover: (token: number | null) => void;
  onPin: (token: number | null) => void;
  /** Scroll so that this row is in view. */
  reveal: (row: number) => void;
}

type Steps = Partial<Record<string, number>>;
const arrowSteps: Steps = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10 };
const sideSteps: Steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 };

/** The next row in that direction that is not off; the present one if there is none. */
export function nextRow(axis: Axis, from: number, by: number): number {
  const direction = Math.sign(by);
  let row = Math.min(axis.rows.length - 1, Math.max(0, from + by));
  while (axis.rows[row]?.off === true) row += direction;
  return axis.rows[row] === undefined ? from : row;
}

function rowAt(
  event: TargetedMouseEvent<HTMLElement>,
  { axis, rowHeight, sideways = false }: TokenColumnProps,
): AxisRow | undefined {
  const { left, top } = event.currentTarget.getBoundingClientRect();
  const along = sideways ? event.clientX - left : event.clientY - top;
  return axis.rows[Math.floor(along / rowHeight)];
}

function tokenOf(row: AxisRow | undefined): number | null {
  return row === undefined || row.off ? null : row.token;
}

function onKey(event: TargetedKeyboardEvent<HTMLElement>, props: TokenColumnProps): void {
  const { axis, hovered, pinned } = props;
  const active = axis.rowOf[hovered ?? pinned ?? -1] ?? -1;
  const goTo = (row: number): void => {
    props.onHover(tokenOf(axis.rows[row]));
    props.reveal(row);
  };
  const by = (props.sideways ? sideSteps : arrowSteps)[event.key];
  if (by !== undefined) goTo(nextRow(axis, active, by));
  else if (event.key === "Home") goTo(nextRow(axis, -1, 1));
  else if (event.key === "End") goTo(nextRow(axis, axis.rows.length, -1));
  else if (event.key === "Enter" || event.key === " ") {
    if (hovered !== null) props.onPin(hovered);
  } else if (event.key === "Escape") props.onPin(null);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** Reached by keyboard, the list points at a token at once: there the focus is seen. */
function onFocus(list: HTMLElement, { axis, hovered, pinned, onHover, reveal }: TokenColumnProps) {
  if (hovered !== null || !list.matches(":focus-visible")) return;
  const row = axis.rowOf[pinned ?? -1] ?? nextRow(axis, -1, 1);
  onHover(tokenOf(axis.rows[row]));
  reveal(row);
}

function rowClass(props: TokenColumnProps, row: AxisRow, index: number): string {
  const token = row.token;
  const parted = index > 0 && row.sentence !== props.axis.rows[index - 1]!.sentence;
  return [
    "token",
    row.off && "is-off",
    row.unseen && "is-unseen",
    row.special && "is-special",
    token === props.pinned && "is-pinned",
    token === props.hovered && "is-hovered",
    token === (props.hovered ?? props.pinned) && "is-active",
    token === props.strongest && "is-strongest",
    parted && "is-parted",
  ]
    .filter(Boolean)
    .join(" ");
}

function Bar({ share }: { share: number }) {
  const width = `max(2px, ${(100 * Math.abs(share)).toFixed(1)}%)`;
  return <span class={share < 0 ? "token-bar is-lost" : "token-bar"} style={{ width }} />;
}

function TokenRow({ props, index }: { props: TokenColumnProps; index: number }) {
  const row = props.axis.rows[index]!;
  const token = row.token;
  const bar = props.bars?.[token];
  const opensSentence = row.sentence !== (props.axis.rows[index - 1]?.sentence ?? null);
  return (
    <div
      id={`token-${props.side}-${token}`}
      class={rowClass(props, row, index)}
      role="option"
      aria-selected={token === props.pinned}
      aria-disabled={row.off}
      aria-posinset={index + 1}
      aria-setsize={props.axis.rows.length}
      title={row.raw}
      style={{ [props.sideways ? "left" : "top"]: `${index * props.rowHeight}px` }}
    >
      {opensSentence && row.sentence !== null && <span class="sentence">{row.sentence}</span>}
      <span class="token-box">
        {bar !== undefined && Math.abs(bar) > 0.005 && <Bar share={bar} />}
        <bdi class="token-text">{elide(row.text)}</bdi>
      </span>
    </div>
  );
}

export function TokenColumn(props: TokenColumnProps) {
  const { side, axis, rowHeight, seen, hovered, pinned } = props;
  const { first, end } = rowsInWindow(seen, rowHeight, axis.rows.length);
  const active = hovered ?? pinned;
  const activeRow = active === null ? -1 : (axis.rowOf[active] ?? -1);
  const { onHover } = props;
  const paired = axis.rows.some((row) => row.sentence !== null);
  useEffect(
    () => () => {
      onHover(null);
    },
    [],
  );
  return (
    <div
      class={`token-column is-${side} ${paired ? "is-paired" : ""} ${props.sideways ? "is-sideways" : ""}`}
      role="listbox"
      tabIndex={0}
      aria-label={side === "query" ? "Query tokens" : "Key tokens"}
      aria-orientation={props.sideways ? "horizontal" : "vertical"}
      {...(activeRow >= first &&
        activeRow < end && { "aria-activedescendant": `token-${side}-${active}` })}
      style={{ [props.sideways ? "width" : "height"]: `${axis.rows.length * rowHeight}px` }}
      onPointerMove={(event) => {
        const token = tokenOf(rowAt(event, props));
        if (token !== hovered) props.onHover(token);
      }}
      onPointerLeave={() => {
        props.onHover(null);
      }}
      onClick={(event) => {
        const token = tokenOf(rowAt(event, props));
        if (token !== null) props.onPin(token);
      }}
      onFocus={(event) => {
        onFocus(event.currentTarget, props);
      }}
      onBlur={() => {
        props.onHover(null);
      }}
      onKeyDown={(event) => {
        onKey(event, props);
      }}
    >
      {Array.from({ length: end - first }, (_, i) => (
        <TokenRow key={first + i} props={props} index={first + i} />
      ))}
    </div>
  );
}
