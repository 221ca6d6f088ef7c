/** One head → token columns with query, key, q × k, q · k and softmax of the chosen query between them. */

import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

import { hoverKey, hoverQuery, key, pinKey, pinQuery, query } from "../../state";
import { useDrawnMark } from "../../parts/drawn_mark";
import { TokenColumn } from "../../parts/token_lines/token_column";
import { type ScrollWindow, useScrollWindow } from "../../parts/token_lines/use_window";
import { Captions } from "./captions";
import { ColumnHeads } from "./column_heads";
import { type ColumnsLayout, columnsLayout } from "./columns_layout";
import type { NeuronNumbers } from "./neuron_numbers";
import { Notes } from "./notes";
import { PictureCanvas } from "./picture_canvas";
import { PairTitle } from "./pair_title";
import { rowHeightOf, viewHeight } from "./row_height";
import type { ShownHead } from "./shown_head";
import { SoftmaxColumn } from "./softmax_column";
import { useWidth } from "../../parts/measured";

const HEADS = 36;
const LEAST_ROWS = 6;

export interface ExpandedProps {
  shown: ShownHead;
  /** null: the sentence filter leaves no query. */
  found: NeuronNumbers | null;
}

interface PartProps {
  shown: ShownHead;
  found: NeuronNumbers;
  layout: ColumnsLayout;
}

const rowsOf = ({ axes }: NeuronNumbers): number =>
  Math.max(axes.query.rows.length, axes.key.rows.length);

/** Brings a row into the scrolled view, under the column heads. */
function reveal(scroller: HTMLElement | null, row: number, rowHeight: number): void {
  if (scroller === null) return;
  const top = row * rowHeight;
  const last = top + rowHeight - (scroller.clientHeight - HEADS);
  scroller.scrollTop = Math.min(top, Math.max(last, scroller.scrollTop));
}

/** A query that nobody points at is in view when it is chosen: at first, by a link, by the keyboard. */
function useReveal(
  scroller: RefObject<HTMLElement | null>,
  { axes, numbers }: NeuronNumbers,
  rowHeight: number,
  isMeasured: boolean,
): void {
  const chosen = hoverQuery.value === null ? axes.query.rowOf[numbers.query]! : null;
  const last = useRef<number | null>(null);
  useLayoutEffect(() => {
    if (!isMeasured || chosen === null || chosen === last.current) return;
    last.current = chosen;
    reveal(scroller.current, chosen, rowHeight);
  }, [chosen, isMeasured]);
}

/** Few rows are whole; of many some at least are in view. */
function leastHeight(found: NeuronNumbers, rowHeight: number): string {
  return `${HEADS + rowHeight * Math.min(LEAST_ROWS, rowsOf(found))}px`;
}

interface RowsProps extends PartProps {
  rowHeight: number;
  seen: ScrollWindow;
  scroller: () => HTMLElement | null;
}

function QueryTokens({ found, seen, rowHeight, scroller }: RowsProps) {
  return (
    <TokenColumn
      side="query"
      axis={found.axes.query}
      rowHeight={rowHeight}
      seen={seen}
      pinned={query.value}
      hovered={hoverQuery.value}
      strongest={found.numbers.query}
      onHover={(token) => {
        hoverQuery.value = token;
      }}
      onPin={pinQuery}
      reveal={(row) => {
        reveal(scroller(), row, rowHeight);
      }}
    />
  );
}

function KeyTokens({ found, seen, rowHeight, scroller }: RowsProps) {
  return (
    <TokenColumn
      side="key"
      axis={found.axes.key}
      rowHeight={rowHeight}
      seen={seen}
      pinned={key.value}
      hovered={hoverKey.value}
      strongest={found.key}
      onHover={(token) => {
        hoverKey.value = token;
      }}
      onPin={pinKey}
      reveal={(row) => {
        reveal(scroller(), row, rowHeight);
      }}
    />
  );
}

function Rows(props: PartProps) {
  const { shown, found, layout } = props;
  const element = useRef<HTMLDivElement>(null);
  const window = useScrollWindow(element);
  const seen = { ...window, height: Math.max(0, window.height - HEADS) };
  const onDrawn = useDrawnMark("neuron", [shown, query.value, key.value]);
  const rowHeight = rowHeightOf(viewHeight.value, rowsOf(found));
  const rows = { ...props, seen, rowHeight, scroller: () => element.current };
  useReveal(element, found, rowHeight, seen.height > 0);
  return (
    <div
      class="neuron-columns"
      ref={element}
      style={{
        "--row": `${rowHeight}px`,
        "--head": `${HEADS}px`,
        minHeight: leastHeight(found, rowHeight),
      }}
    >
      <ColumnHeads layout={layout} found={found} />
      <div class="neuron-rows">
        <QueryTokens {...rows} />
        <PictureCanvas
          shown={shown}
          found={found}
          layout={layout}
          seen={seen}
          rowHeight={rowHeight}
          onDrawn={onDrawn}
        />
        <SoftmaxColumn found={found} seen={seen} rowHeight={rowHeight} />
        <KeyTokens {...rows} />
      </div>
    </div>
  );
}

function gridStyle({ tokens, picture, numbers, keyTokens }: ColumnsLayout): Record<string, string> {
  return { "--columns": `${tokens}px ${picture}px ${numbers}px ${keyTokens}px` };
}

export function Expanded({ shown, found }: ExpandedProps) {
  const room = useRef<HTMLDivElement>(null);
  const width = useWidth(room);
  const layout = columnsLayout(width, shown.vectors.dimensions);
  return (
    <div class="neuron-expanded" ref={room} style={gridStyle(layout)}>
      {found === null && (
        <p class="head-message is-quiet">The sentence filter leaves no query token.</p>
      )}
      {found !== null && (
        <>
          <PairTitle shown={shown} found={found} />
          <Rows shown={shown} found={found} layout={layout} />
          <Captions shown={shown} found={found} layout={layout} />
          <Notes shown={shown} found={found} />
        </>
      )}
    </div>
  );
}
