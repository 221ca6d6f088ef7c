/** One loaded layer → token columns, lines, table and their legend. */

import { useRef, useState } from "preact/hooks";

import type { LayerWeights } from "../../decode";
import {
  gain,
  hoverKey,
  hoverQuery,
  key,
  numbers,
  query,
  shownHeads,
  type RecordHeader,
  specials,
  theme,
  threshold,
} from "../../state";
import { elide } from "../../tokens";
import type { LayerAxes } from "../token_lines/axis";
import { hoverToken, pinToken } from "../token_lines/pinning";
import { TokenLines } from "../token_lines/token_lines";
import { useWidth } from "../token_lines/use_window";
import { ColumnPager } from "./column_pager";
import { useDrawnMark } from "./drawn_mark";
import { faultLines } from "./fault_lines";
import { HeadsLegend, LinesLegend } from "./legend";
import { useLayerNumbers } from "./layer_numbers";
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

function Pinned({ axes }: { axes: LayerAxes }) {
  const side = query.value !== null ? "query" : "key";
  const token = query.value ?? key.value;
  const row = token === null ? undefined : axes[side].rows[axes[side].rowOf[token] ?? -1];
  if (row === undefined) return null;
  return (
    <button
      type="button"
      class="unpin"
      aria-label={`Unpin ${row.text}`}
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
  const { record, weights, names } = props;
  const room = useRef<HTMLDivElement>(null);
  const { axes, heads, focus, overview, rows } = useLayerNumbers(record, weights);
  const viewWidth = useWidth(room);
  const layout = tableLayout(viewWidth, heads.length);
  const [firstColumn, setFirstColumn] = usePage(heads.length, layout.columns);
  const columns = heads.slice(firstColumn, firstColumn + layout.columns);
  const onDrawn = useDrawnMark("head", [weights, shownHeads.value, query.value, key.value]);
  const style = gridStyle(viewWidth, layout, rows.side === "query");
  return (
    <div
      class={columnPitch(layout, rows.side === "query") < 32 ? "head-lines is-tight" : "head-lines"}
      ref={room}
      style={style}
    >
      <HeadsLegend shown={heads.length} count={names.length} focus={focus} axes={axes}>
        {layout.columns < heads.length && (
          <ColumnPager
            count={heads.length}
            first={firstColumn}
            columns={layout.columns}
            onPage={setFirstColumn}
          />
        )}
      </HeadsLegend>
      {faultLines(record, weights.layer, names).map((line) => (
        <p key={line} class="head-fault">
          {line}
        </p>
      ))}
      <TokenLines
        weights={weights}
        heads={heads}
        axes={axes}
        pinned={{ query: query.value, key: key.value }}
        hovered={{ query: hoverQuery.value, key: hoverKey.value }}
        onHover={hoverToken}
        onPin={pinToken}
        threshold={threshold.value}
        gain={gain.value}
        rowHeight={rowHeight}
        label={`Attention lines of layer ${weights.layer} at step ${record.step}, ${heads.length} heads`}
        strongest={{ query: null, key: null, [rows.side]: rows.strongest }}
        middle={<Pinned axes={axes} />}
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
        onDrawn={onDrawn}
      />
      <LinesLegend threshold={threshold.value} specials={specials.value} overview={overview} />
    </div>
  );
}
