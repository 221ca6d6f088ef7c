/** Weights of some heads → queries side by side over the keys, lines between, and room for numbers under them. */

import type { ComponentChildren, RefObject } from "preact";
import { useCallback, useRef, useState } from "preact/hooks";

import { keepEqual, useMeasured } from "../measured";
import { focusOf } from "./focus";
import { LineCanvas } from "./line_canvas";
import { TokenColumn } from "./token_column";
import type { Side, TokenLinesProps } from "./token_lines";
import type { ScrollWindow } from "./use_window";

export type SideLinesProps = Omit<TokenLinesProps, "rowHeight" | "aside" | "asideHead"> & {
  /** Under the keys; what is in view lies between `top` and `top + height`, here from left to right. */
  below?: (seen: ScrollWindow) => ComponentChildren;
};

/** From one token to the next, height of the lines, and width of the names at the left. */
export const SIDE_PITCH = 64;
const LINES_HEIGHT = 280;
const SIDE_NAMES = 56;

function useSideWindow(ref: RefObject<HTMLElement | null>): ScrollWindow {
  const [seen, setSeen] = useState<ScrollWindow>({ top: 0, width: 0, height: 0 });
  const measure = useCallback(({ clientWidth, scrollLeft: top }: HTMLElement): void => {
    const height = Math.max(0, clientWidth - SIDE_NAMES);
    setSeen((old) => keepEqual(old, { top, width: 0, height }));
  }, []);
  useMeasured(ref, measure, { scrolled: true });
  return seen;
}

function SideRow({ props, side, seen, reveal }: SideRowProps) {
  return (
    <div class="side-row">
      <span class="side-name">{side}</span>
      <TokenColumn
        side={side}
        sideways
        axis={props.axes[side]}
        rowHeight={SIDE_PITCH}
        seen={seen}
        pinned={props.pinned[side]}
        hovered={props.hovered[side]}
        strongest={props.strongest?.[side] ?? null}
        onHover={(token) => {
          props.onHover(side, token);
        }}
        onPin={(token) => {
          props.onPin(side, token);
        }}
        reveal={reveal}
      />
    </div>
  );
}

interface SideRowProps {
  props: SideLinesProps;
  side: Side;
  seen: ScrollWindow;
  reveal: (row: number) => void;
}

export function SideLines(props: SideLinesProps) {
  const { axes, weights, hovered, pinned } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const seen = useSideWindow(scroller);
  const reveal = (row: number): void => {
    const element = scroller.current!;
    const left = row * SIDE_PITCH;
    const last = left + SIDE_PITCH - seen.height;
    element.scrollLeft = Math.min(left, Math.max(last, element.scrollLeft));
  };
  const pointed = focusOf(hovered, weights.queries, weights.keys);
  const kept = focusOf(pinned, weights.queries, weights.keys);
  const length = Math.max(axes.query.rows.length, axes.key.rows.length) * SIDE_PITCH;
  const row = { props, seen, reveal };
  const sizes = { "--names": `${SIDE_NAMES}px`, "--pitch": `${SIDE_PITCH}px` };
  return (
    <div class="side-lines" ref={scroller} style={sizes}>
      <div class="side-body" style={{ width: `${SIDE_NAMES + length}px` }}>
        <p class="side-pinned">{props.middle}</p>
        <SideRow {...row} side="query" />
        <div class="side-canvas" style={{ width: `${Math.min(length, seen.height)}px` }}>
          <LineCanvas
            weights={weights}
            heads={props.heads}
            axes={axes}
            rowHeight={SIDE_PITCH}
            scrollTop={seen.top}
            height={LINES_HEIGHT}
            sideways
            focus={pointed ?? kept}
            others={pointed !== null ? "hidden" : kept !== null ? "faint" : "shown"}
            alone={props.alone ?? false}
            threshold={props.threshold}
            gain={props.gain}
            label={props.label}
            onDrawn={props.onDrawn}
          />
        </div>
        <SideRow {...row} side="key" />
        {props.below?.(seen)}
      </div>
    </div>
  );
}
