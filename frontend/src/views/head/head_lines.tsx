/** One loaded layer → token columns, lines, table and their legend. */

import { useRef, useState } from "preact/hooks";

import type { LayerWeights } from "../../decoding/decode";
import { useExport } from "../../saving/exported";
import {
  gain,
  headSummary,
  key,
  linesLayout,
  mergeWords,
  numbers,
  query,
  shownHeads,
  type RecordHeader,
  specials,
  theme,
  threshold,
  tokenRange,
} from "../../state";
import { elide } from "../../text/tokens";
import type { LayerAxes } from "../../parts/token_lines/axis";
import type { Positions } from "../../parts/token_lines/focus";
import { hoverToken, pinToken } from "../../parts/token_lines/pinning";
import { tokenAt } from "../../parts/token_lines/shown_text";
import { SideLines } from "../../parts/token_lines/side_lines";
import { type Side, TokenLines } from "../../parts/token_lines/token_lines";
import { SideTable } from "./side_table";
import { ColumnPager } from "./column_pager";
import { useDrawnMark } from "../../parts/drawn_mark";
import { faultLines } from "../../parts/fault_lines";
import { HeadsLegend, LinesLegend } from "./legend";
import { RangeNote } from "./range_note";
import { useLayerNumbers } from "./layer_numbers";
import { linesPicture } from "./lines_picture";
import {
  columnPitch,
  extraTokenWidth,
  meanWidth,
  type TableLayout,
  tableLayout,
  tokenWidth,
} from "./table_layout";
import { TableHead } from "./table_head";
import { WeightTable } from "./weight_table";
import { weightsTable } from "../../parts/token_lines/weights_csv";
import { useWidth } from "../../parts/measured";

export interface HeadLinesProps {
  record: RecordHeader;
  weights: LayerWeights;
  names: readonly string[];
}

const rowHeight = 32;

/** First head with a column, when not all fit; falls back when heads are turned off. */
function usePage(count: number, columns: number): [number, (first: number) => void] {
  const [first, setFirst] = useState(0);
  return [Math.max(0, Math.min(first, count - columns)), setFirst];
}

function Pinned({ axes, pinned }: { axes: LayerAxes; pinned: Positions }) {
  const side = pinned.query !== null ? "query" : "key";
  const token = pinned.query ?? pinned.key;
  const row = token === null ? undefined : axes[side].rows[axes[side].rowOf[token] ?? -1];
  if (row === undefined) return null;
  return (
    <button
      type="button"
      class="unpin"
      aria-label={`pinned: ${row.text}, unpin`}
      title="Unpin (Escape)"
      onClick={() => {
        pinToken(side, null);
      }}
    >
      pinned: <bdi>{elide(row.text, 24)}</bdi> ×
    </button>
  );
}

/** Eight pixels more than the table: the gap before it is twice the others. */
function gridStyle(
  viewWidth: number,
  layout: TableLayout,
  byQuery: boolean,
): Record<string, string> {
  const pitch = columnPitch(layout, byQuery);
  const extra = extraTokenWidth(viewWidth);
  return {
    "--columns": `${96 + extra}px minmax(0, 1fr) ${80 + extra}px ${layout.width + 8}px`,
    "--pitch": `${pitch}px`,
    "--mean": `${meanWidth(pitch)}px`,
    "--cell-gap": pitch < 44 ? "1px" : "4px",
    "--token-width": `${tokenWidth}px`,
  };
}

export function HeadLines(props: HeadLinesProps) {
  const { record } = props;
  const room = useRef<HTMLDivElement>(null);
  const numbersShown = useLayerNumbers(record, props.weights);
  const { text, weights, axes, heads, chosen, focus, overview, rows } = numbersShown;
  const summary = weights.heads === props.weights.heads ? "none" : headSummary.value;
  const names = summary === "none" ? props.names : [summary];
  const viewWidth = useWidth(room);
  const layout = tableLayout(viewWidth, heads.length);
  const [firstColumn, setFirstColumn] = usePage(heads.length, layout.columns);
  const columns = heads.slice(firstColumn, firstColumn + layout.columns);
  const onDrawn = useDrawnMark("head", [
    weights,
    axes,
    shownHeads.value,
    query.value,
    key.value,
    tokenRange.value,
    linesLayout.value,
  ]);
  const lines = {
    weights,
    heads,
    axes,
    pinned: numbersShown.pinned,
    hovered: numbersShown.hovered,
    onHover: (side: Side, place: number | null): void => {
      hoverToken(side, tokenAt(text, side, place));
    },
    onPin: (side: Side, place: number | null): void => {
      pinToken(side, tokenAt(text, side, place));
    },
    threshold: threshold.value,
    gain: gain.value,
    label: `Attention lines of layer ${weights.layer} at step ${record.step}, ${heads.length} heads`,
    strongest: { query: null, key: null, [rows.side]: rows.strongest },
    middle: <Pinned axes={axes} pinned={numbersShown.pinned} />,
    onDrawn,
  };
  useExport(() => ({
    picture: linesPicture({
      record,
      numbers: numbersShown,
      names,
      threshold: threshold.value,
      gain: gain.value,
      theme: theme.value,
      withNumbers: numbers.value,
    }),
    table: weightsTable({
      step: record.step,
      weights,
      heads: heads.map(({ head }) => ({ head, name: names[head] ?? String(head) })),
      axes,
    }),
  }));
  const style = gridStyle(viewWidth, layout, rows.side === "query");
  return (
    <div
      class={columnPitch(layout, rows.side === "query") < 32 ? "head-lines is-tight" : "head-lines"}
      ref={room}
      style={style}
    >
      <HeadsLegend
        shown={chosen}
        count={props.names.length}
        loaded={props.weights.heads}
        summary={summary}
        focus={focus}
        axes={axes}
      >
        {layout.columns < heads.length && linesLayout.value === "vertical" && (
          <ColumnPager
            count={heads.length}
            first={firstColumn}
            columns={layout.columns}
            onPage={setFirstColumn}
          />
        )}
      </HeadsLegend>
      <RangeNote text={text} />
      {faultLines(record, weights.layer, props.names).map((line) => (
        <p key={line} class="head-fault">
          {line}
        </p>
      ))}
      {linesLayout.value === "horizontal" ? (
        <SideLines
          {...lines}
          below={(seen) => (
            <SideTable
              rows={rows}
              axis={axes[rows.side]}
              layer={weights.layer}
              heads={heads}
              names={names}
              seen={seen}
            />
          )}
        />
      ) : (
        <TokenLines
          {...lines}
          rowHeight={rowHeight}
          asideHead={
            <TableHead
              layer={weights.layer}
              heads={columns}
              names={names}
              byQuery={rows.side === "query"}
            />
          }
          aside={(seen) => (
            <WeightTable
              rows={rows}
              axis={axes[rows.side]}
              heads={columns}
              names={names}
              firstColumn={firstColumn}
              rowHeight={rowHeight}
              seen={seen}
              theme={theme.value}
              numbers={numbers.value}
            />
          )}
        />
      )}
      <LinesLegend
        threshold={threshold.value}
        specials={specials.value}
        overview={overview}
        words={mergeWords.value}
        one={summary !== "none"}
      />
    </div>
  );
}
