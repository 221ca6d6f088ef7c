/** The chosen head → its lines and weights beside the grid, its metrics, and the way to the Head view. */

import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";

import type { RecordHeader } from "../../decoding/answers";
import type { LayerWeights } from "../../decoding/decode";
import {
  drawnHead,
  hasWeights,
  head,
  headOpen,
  hoverKey,
  hoverQuery,
  isLong,
  key,
  layer,
  openHead,
  quantityName,
  query,
  record,
  shown,
  shownThumbnails,
  shownWeights,
} from "../../state";
import { headNumber } from "../../parts/heads_grid/grid_layers";
import { useWidth } from "../../parts/measured";
import { CompactLines } from "../../parts/token_lines/compact_lines";
import { formatWeight } from "../../text/format_number";
import { elide } from "../../text/tokens";
import { shownTokens } from "../../state/shown_tokens";
import { EffectRanking } from "./effect_ranking";
import { HeadMatrix, headMatrixSizes, useHeadAxes } from "./head_matrix";
import { HeadPicture } from "./head_picture";
import { isImage } from "./image_paint";
import { MetricTable } from "./metric_table";
import { Moved } from "./moved";
import { shapes } from "./scene";
import { Sentence } from "./sentence";
import { layerName } from "../../text/layer_names";

const ROW = 24;
const COLUMN_HEAD = 32;
const MOST_ROWS = 14;

export function SidePanel({ children }: { readonly children?: ComponentChildren }) {
  const at = layer.value;
  return (
    <aside class="model-side" aria-label="Chosen head">
      {children}
      <header class="side-header">
        <h2>
          {layerName(shapes.value, at)} · Head {headNumber(shapes.value[at], head.value)}
        </h2>
        <button type="button" class="link" onClick={() => openHead(at, head.value)}>
          <span class="is-long">Open in </span>Head →
        </button>
        <button
          type="button"
          class="panel-close"
          aria-label="Close the chosen head"
          onClick={close}
        >
          ×
        </button>
      </header>
      <Moved />
      <div class="side-columns">
        <div>
          <Pattern />
        </div>
        <MetricTable />
      </div>
      <EffectRanking />
    </aside>
  );
}

/** Keyboard focus goes back to the head's cell. */
function close(event: { readonly currentTarget: HTMLElement }): void {
  const model = event.currentTarget.closest(".model");
  headOpen.value = false;
  model?.querySelector<HTMLElement>(".head-buttons [aria-current]")?.focus();
}

/** Weights and the record that they belong to; the last ones while new ones load. */
function Pattern() {
  const header = shown(record.value);
  const loaded = shown(shownWeights.value);
  const reason = header === undefined ? null : whyWithout(header, layer.value);
  if (reason !== null) return <Notice>{reason}</Notice>;
  const shape = loaded === undefined ? undefined : header?.layers[loaded.layer];
  if (header === undefined || loaded === undefined || shape?.queries !== loaded.queries) {
    const height = awaitedHeight(header?.layers[layer.value]?.queries ?? MOST_ROWS);
    return <div class="side-pattern" aria-busy="true" style={{ minHeight: height }} />;
  }
  if (isImage.value)
    return (
      <>
        <Faults header={header} />
        <HeadPicture record={header} weights={loaded} head={drawnHead(loaded)} />
      </>
    );
  return (
    <>
      <Faults header={header} />
      <Text header={header} weights={loaded} />
    </>
  );
}

interface TextProps {
  readonly header: RecordHeader;
  readonly weights: LayerWeights;
}

/** The matrix, or the lines where it does not fit or lines are wanted, and where a token looks. */
function Text({ header, weights }: TextProps) {
  const room = useRef<HTMLDivElement>(null);
  const width = useWidth(room);
  const axes = useHeadAxes(header, weights.layer);
  const at = drawnHead(weights);
  const sizes = shownThumbnails.value === "lines" ? null : headMatrixSizes(axes, width);
  return (
    <div ref={room}>
      {sizes === null && width > 0 && (
        <div class="side-pattern" style={{ height: patternHeight(weights) }}>
          <CompactLines record={header} weights={weights} head={at} axes={axes} />
        </div>
      )}
      {sizes !== null && <HeadMatrix record={header} head={at} {...{ weights, axes, sizes }} />}
      <Readout {...{ header, weights, at }} isCells={sizes !== null} />
      <Sentence record={header} weights={weights} head={at} />
    </div>
  );
}

/** What is pointed at, in the same place as how to point. */
function Readout(props: TextProps & { readonly at: number; readonly isCells: boolean }) {
  const { header, weights, at, isCells } = props;
  const [from, to] = [hoverQuery.value, hoverKey.value];
  const shape = header.layers[weights.layer]!;
  if (isCells && from !== null && to !== null && from < weights.queries && to < weights.keys) {
    const name = (list: string, place: number): string =>
      elide(shownTokens(header.tokens[list] ?? header.tokens.tokens)[place] ?? "?", 16);
    return (
      <p class="side-hint">
        {name(shape.query_tokens, from)} → {name(shape.key_tokens, to)}{" "}
        <strong>{formatWeight(weights.weight(at, from, to), 3)}</strong>
      </p>
    );
  }
  const isPointed = [query, key, hoverQuery, hoverKey].some(({ value }) => value !== null);
  if (!isCells && isPointed) return null;
  return (
    <p class="side-hint">
      Point at a {isCells ? "cell" : "token"} for its {quantityName.value}
      {isCells ? ", click to pin its row." : "s, click to keep it."}
    </p>
  );
}

/** Of the names over a matrix, and of what is said under it. */
const AROUND_MATRIX = 175;
const MATRIX_WIDTH = 244;

/** About what a head of so many queries will take, so that what stands under it keeps its place. */
function awaitedHeight(queries: number): number {
  const rows = Math.min(MOST_ROWS, queries);
  return AROUND_MATRIX + rows * Math.min(ROW, Math.floor(MATRIX_WIDTH / rows));
}

/** All rows of a short text; a longer one scrolls inside. */
function patternHeight({ queries, keys }: LayerWeights): number {
  return COLUMN_HEAD + ROW * Math.min(MOST_ROWS, Math.max(queries, keys));
}

function whyWithout(header: RecordHeader, at: number): string | null {
  const shape = header.layers[at];
  if (shape !== undefined && isLong(shape) && hasWeights(shape))
    return `A text of ${shape.keys.toLocaleString("en")} tokens is drawn in parts: “Head” shows them.`;
  if (shape === undefined || hasWeights(shape)) return null;
  const left = header.left_out.find((part) => part.layer === at && part.what === "weights");
  const why = left === undefined ? "" : ` (${left.why})`;
  return `The weights of this layer were left out when logging${why}. Its thumbnails and metrics are of all weights.`;
}

function Faults({ header }: { readonly header: RecordHeader }) {
  const faults = header.faults.filter(
    ({ layer: at, heads }) => at === layer.value && heads.includes(head.value),
  );
  if (faults.length === 0) return null;
  return <p class="side-fault">At this step: {faults.map(({ fault }) => fault).join(", ")}</p>;
}

function Notice({ children }: { readonly children: ComponentChildren }) {
  return <p class="side-notice">{children}</p>;
}
