/** One loaded layer → token columns, lines, table and their legend. */

import { useRef, useState } from "preact/hooks";

import type { LayerWeights } from "../../decoding/decode";
import { headColour, summaryColour } from "../../draw/colour";
import type { Mark } from "../../draw/figure";
import { useExport } from "../../saving/exported";
import {
  gain,
  effectOf,
  isPinnedAlone,
  headSummary,
  key,
  linesLayout,
  mergeWords,
  numbers,
  query,
  type RecordHeader,
  specials,
  theme,
  shownThreshold,
  tokenRange,
  quantityName,
  layerQuantityText,
  isContribution,
} from "../../state";
import { elide } from "../../text/tokens";
import type { LayerAxes } from "../../parts/token_lines/axis";
import type { Positions } from "../../parts/token_lines/focus";
import type { ShownHead } from "../../parts/token_lines/line_canvas";
import { hoverToken, pinToken } from "../../parts/token_lines/pinning";
import { tokenAt } from "../../parts/token_lines/shown_text";
import { SideLines } from "../../parts/token_lines/side_lines";
import { type Side, TokenLines } from "../../parts/token_lines/token_lines";
import { SideTable } from "./side_table";
import { ColumnPager } from "./column_pager";
import { useDrawnMark } from "../../parts/drawn_mark";
import { FaultNotes } from "../../parts/fault_notes";
import { HeadsLegend, LinesLegend } from "./legend";
import { RangeNote } from "./range_note";
import { type LayerNumbers, useLayerNumbers } from "./layer_numbers";
import { effectsTitle, hasEffects } from "./head_squares";
import { type DrawnEffects, linesPicture } from "./lines_picture";
import {
  columnPitch,
  extraTokenWidth,
  meanWidth,
  normWidth,
  type TableLayout,
  tableLayout,
  tokenWidth,
} from "./table_layout";
import { TableHead } from "./table_head";
import { sinkShares } from "./weight_rows";
import { WeightTable } from "./weight_table";
import { weightsTable } from "../../parts/token_lines/weights_csv";
import { useSize } from "../../parts/measured";
import { type BehindContributions, useBehindContributions } from "./behind_contributions";
import { rowHeightOf } from "./row_height";
import { layerShort } from "../../text/layer_names";
import { formatStep } from "../../text/format_number";

export interface HeadLinesProps {
  record: RecordHeader;
  weights: LayerWeights;
  names: readonly string[];
}

/** First head with a column, when not all fit; falls back when heads are turned off. */
function usePage(count: number, columns: number): [number, (first: number) => void] {
  const [first, setFirst] = useState(0);
  return [Math.max(0, Math.min(first, count - columns)), setFirst];
}

function Pinned({ axes, pinned }: { axes: LayerAxes; pinned: Positions }) {
  const side = pinned.query !== null ? "query" : "key";
  const token = pinned.query ?? pinned.key;
  const row = token === null ? undefined : axes[side].rows[axes[side].rowOf[token] ?? -1];
  if (row === undefined)
    return isPinnedAlone.value ? (
      <span class="pin-hint">click a token to see its lines</span>
    ) : null;
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
  norms: number,
): Record<string, string> {
  const pitch = columnPitch(layout, byQuery);
  const extra = extraTokenWidth(viewWidth);
  return {
    "--columns": `${96 + extra}px minmax(0, 1fr) ${80 + extra}px ${layout.width + norms + 8}px`,
    "--pitch": `${pitch}px`,
    "--mean": `${meanWidth(pitch)}px`,
    "--cell-gap": pitch < 44 ? "1px" : "4px",
    "--token-width": `${tokenWidth}px`,
  };
}

/** Names of the heads that are drawn: of one that is made of several, how it is made. */
function drawnNames(props: HeadLinesProps, { weights }: LayerNumbers): readonly string[] {
  const isMade = weights.heads !== props.weights.heads;
  return isMade ? [headSummary.value] : props.names;
}

/** The screen may be dark where the picture is not. */
function inTheme(heads: readonly ShownHead[], isOwn: boolean): ShownHead[] {
  const colourOf = (head: number): string =>
    isOwn ? headColour(head, theme.value) : summaryColour(theme.value);
  return heads.map((each) => ({ ...each, colour: colourOf(each.head) }));
}

function lineMarks({ heads }: LayerNumbers, names: readonly string[]): Mark[] {
  const isOwn = headSummary.value === "none";
  const own = inTheme(heads, isOwn).map(({ head, colour }): Mark => {
    const name = names[head] ?? String(head);
    return { kind: "line", colour, text: isOwn ? `head ${name}` : `${name} over heads` };
  });
  const cut =
    shownThreshold.value > 0
      ? `; ${quantityName.value}s below ${shownThreshold.value} are not drawn`
      : "";
  return [...own, { kind: "note", text: `the more ink the more ${layerQuantityText.value}${cut}` }];
}

/** Those that stand under the squares, of the drawn heads. */
function drawnEffects({ weights, heads }: LayerNumbers): DrawnEffects | null {
  if (headSummary.value !== "none" || !hasEffects(heads.length)) return null;
  const values = heads.map(({ head }) => effectOf(weights.layer, head)?.value ?? NaN);
  return { title: effectsTitle(), values };
}

function useLinesExport(
  { record }: HeadLinesProps,
  of: LayerNumbers,
  names: readonly string[],
  rowHeight: number,
) {
  const { weights, heads, axes } = of;
  useExport(() => ({
    picture: linesPicture({
      record,
      numbers: { ...of, heads: inTheme(of.heads, headSummary.value === "none") },
      names,
      alone: isPinnedAlone.value,
      threshold: shownThreshold.value,
      gain: gain.value,
      theme: theme.value,
      withNumbers: numbers.value,
      rowHeight,
      effects: drawnEffects(of),
    }),
    marks: lineMarks(of, names),
    table: weightsTable({
      step: record.step,
      weights,
      heads: heads.map(({ head }) => ({ head, name: names[head] ?? String(head) })),
      axes,
    }),
  }));
}

/** What lines down the page and across it have in common. */
function useLines({ record }: HeadLinesProps, of: LayerNumbers) {
  const { text, weights, heads, axes, pinned, hovered, rows } = of;
  const onDrawn = useDrawnMark("head", [
    weights,
    axes,
    of.chosen,
    query.value,
    key.value,
    tokenRange.value,
    linesLayout.value,
  ]);
  return {
    ...{ weights, heads, axes, pinned, hovered, onDrawn },
    onHover: (side: Side, place: number | null): void => {
      hoverToken(side, tokenAt(text, side, place));
    },
    onPin: (side: Side, place: number | null): void => {
      pinToken(side, tokenAt(text, side, place));
    },
    alone: isPinnedAlone.value,
    threshold: shownThreshold.value,
    gain: gain.value,
    label: `${isContribution.value ? "Contribution" : "Attention"} lines of layer ${weights.layer} at step ${formatStep(record.step)}, ${heads.length} heads`,
    strongest: { query: null, key: null, [rows.side]: rows.strongest },
    middle: <Pinned axes={axes} pinned={pinned} />,
    noKey: sinkShares(rows),
  };
}

interface LinesProps {
  readonly lines: ReturnType<typeof useLines>;
  readonly of: LayerNumbers;
  readonly names: readonly string[];
  /** In short. */
  readonly layer: string;
  readonly rowHeight: number;
}

function LinesAcross({ lines, of: { rows, axes, heads }, names, layer }: LinesProps) {
  return (
    <SideLines
      {...lines}
      below={(seen) => (
        <SideTable {...{ rows, heads, names, seen }} axis={axes[rows.side]} layer={layer} />
      )}
    />
  );
}

interface LinesDownProps extends LinesProps {
  /** Heads with a column in the table. */
  readonly columns: readonly ShownHead[];
  readonly firstColumn: number;
  readonly behind: BehindContributions | null;
}

function LinesDown(props: LinesDownProps) {
  const { lines, of, names, layer, columns, firstColumn, rowHeight, behind } = props;
  const { rows, axes } = of;
  return (
    <TokenLines
      {...lines}
      rowHeight={rowHeight}
      asideHead={
        <TableHead
          layer={layer}
          heads={columns}
          names={names}
          byQuery={rows.side === "query"}
          hasNorms={behind !== null}
        />
      }
      aside={(seen) => (
        <WeightTable
          {...{ rows, names, firstColumn, rowHeight, seen, behind }}
          axis={axes[rows.side]}
          heads={columns}
          theme={theme.value}
          numbers={numbers.value}
        />
      )}
    />
  );
}

/** With those of what is hidden: a row and its words. */
function countRows({ axes, masses }: LayerNumbers): number {
  return Math.max(axes.query.rows.length, axes.key.rows.length) + 2 * masses;
}

export function HeadLines(props: HeadLinesProps) {
  const { record } = props;
  const room = useRef<HTMLDivElement>(null);
  const of = useLayerNumbers(record, props.weights);
  const { text, weights, axes, heads, chosen, focus, overview, rows } = of;
  const names = drawnNames(props, of);
  const summary = names === props.names ? "none" : headSummary.value;
  const { width: viewWidth, height } = useSize(room);
  const rowHeight = rowHeightOf(height, countRows(of));
  const behind = useBehindContributions(of);
  const norms = behind === null ? 0 : normWidth;
  const layout = tableLayout(viewWidth - norms, heads.length);
  const [first, setFirst] = usePage(heads.length, layout.columns);
  const lines = useLines(props, of);
  useLinesExport(props, of, names, rowHeight);
  const parts = { lines, of, names, layer: layerShort(record.layers, weights.layer), rowHeight };
  return (
    <div
      class={columnPitch(layout, rows.side === "query") < 32 ? "head-lines is-tight" : "head-lines"}
      ref={room}
      style={gridStyle(viewWidth, layout, rows.side === "query", norms)}
    >
      <HeadsLegend
        {...{ summary, focus, axes }}
        shown={chosen.length}
        count={props.names.length}
        loaded={props.weights.heads}
      >
        {layout.columns < heads.length && linesLayout.value === "vertical" && (
          <ColumnPager
            count={heads.length}
            first={first}
            columns={layout.columns}
            onPage={setFirst}
          />
        )}
      </HeadsLegend>
      <RangeNote text={text} />
      <FaultNotes record={record} layer={weights.layer} names={props.names} />
      {linesLayout.value === "horizontal" ? (
        <LinesAcross {...parts} />
      ) : (
        <LinesDown
          {...parts}
          columns={heads.slice(first, first + layout.columns)}
          firstColumn={first}
          behind={behind}
        />
      )}
      <LinesLegend
        threshold={shownThreshold.value}
        {...{ overview, specials: specials.value, words: mergeWords.value }}
        one={summary !== "none"}
        alone={isPinnedAlone.value}
        ticks={behind !== null && linesLayout.value === "vertical"}
        hasSink={sinkShares(rows) !== null && focus?.side === "query"}
      />
    </div>
  );
}
