/** One head → token columns with query, key, q × k, q · k and softmax of the chosen query between them. */

import { useRef } from "preact/hooks";

import { hoverKey, hoverQuery, key, pinKey, pinQuery, query } from "../../state";
import { useDrawnMark } from "../head/drawn_mark";
import { TokenColumn } from "../token_lines/token_column";
import { type ScrollWindow, useScrollWindow, useWidth } from "../token_lines/use_window";
import { Captions } from "./captions";
import { ColumnHeads } from "./column_heads";
import { type ColumnsLayout, columnsLayout } from "./columns_layout";
import { type NeuronNumbers, useNeuronNumbers } from "./neuron_numbers";
import { NumbersTable } from "./numbers_table";
import { Notes } from "./notes";
import { PictureCanvas } from "./picture_canvas";
import { PairTitle } from "./pair_title";
import type { ShownHead } from "./shown_head";
import { SoftmaxColumn } from "./softmax_column";

const ROW = 24;
const HEADS = 40;

export interface ExpandedProps {
  shown: ShownHead;
}

interface PartProps extends ExpandedProps {
  found: NeuronNumbers;
  layout: ColumnsLayout;
}

/** Brings a row into the scrolled view, under the column heads. */
function reveal(scroller: HTMLElement | null, row: number): void {
  if (scroller === null) return;
  const top = row * ROW;
  const last = top + ROW - (scroller.clientHeight - HEADS);
  scroller.scrollTop = Math.min(top, Math.max(last, scroller.scrollTop));
}

interface RowsProps extends PartProps {
  seen: ScrollWindow;
  scroller: () => HTMLElement | null;
}

function QueryTokens({ found, seen, scroller }: RowsProps) {
  return (
    <TokenColumn
      side="query"
      axis={found.axes.query}
      rowHeight={ROW}
      seen={seen}
      pinned={query.value}
      hovered={hoverQuery.value}
      strongest={found.numbers.query}
      onHover={(token) => {
        hoverQuery.value = token;
      }}
      onPin={pinQuery}
      reveal={(row) => {
        reveal(scroller(), row);
      }}
    />
  );
}

function KeyTokens({ found, seen, scroller }: RowsProps) {
  return (
    <TokenColumn
      side="key"
      axis={found.axes.key}
      rowHeight={ROW}
      seen={seen}
      pinned={key.value}
      hovered={hoverKey.value}
      strongest={found.key}
      onHover={(token) => {
        hoverKey.value = token;
      }}
      onPin={pinKey}
      reveal={(row) => {
        reveal(scroller(), row);
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
  const rows = { ...props, seen, scroller: () => element.current };
  return (
    <div
      class="neuron-columns"
      ref={element}
      style={{ "--row": `${ROW}px`, "--head": `${HEADS}px` }}
    >
      <ColumnHeads layout={layout} found={found} />
      <div class="neuron-rows">
        <QueryTokens {...rows} />
        <PictureCanvas
          shown={shown}
          found={found}
          layout={layout}
          seen={seen}
          rowHeight={ROW}
          onDrawn={onDrawn}
        />
        <SoftmaxColumn found={found} seen={seen} rowHeight={ROW} />
        <KeyTokens {...rows} />
      </div>
    </div>
  );
}

function gridStyle({ tokens, picture, numbers, keyTokens }: ColumnsLayout): Record<string, string> {
  return { "--columns": `${tokens}px ${picture}px ${numbers}px ${keyTokens}px` };
}

export function Expanded({ shown }: ExpandedProps) {
  const room = useRef<HTMLDivElement>(null);
  const width = useWidth(room);
  const found = useNeuronNumbers(shown);
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
          <NumbersTable shown={shown} found={found} />
        </>
      )}
    </div>
  );
}
