/** The comparison → title, token line, grid of differences with each layer's change, and legend. */

import { useCallback, useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";

import { TryAgain } from "../../controls/try_again";
import { useExport } from "../../saving/exported";
import { formatWeight } from "../../text/format_number";
import {
  compared,
  comparison,
  compareProblem,
  head,
  layer,
  query,
  run,
  selectHead,
  step,
  tag,
  version,
  quantityName,
  type ApiError,
} from "../../state";
import { sentence } from "../../text/sentence";
import { elide } from "../../text/tokens";
import { useGridMark } from "../../parts/drawn_mark";
import { HeadsGrid } from "../../parts/heads_grid/heads_grid";
import { useMeasured } from "../../parts/measured";
import { ChangeFacts } from "./change_facts";
import { ChangeLines } from "./change_lines";
import { compareExport } from "./compare_export";
import { CompareLegend } from "./legend";
import {
  areNamed,
  areStillShown,
  columnCaption,
  largest,
  layout,
  paint,
  shapes,
  shownComparison,
  stillLayers,
  stillText,
  taken,
} from "./scene";
import { compareTitle, pictureName } from "./title";
import { comparedTokens } from "./tokens_of";

/** More than fit on one line. */
const MOST_TOKENS = 120;

function drawnSelection(): unknown[] | null {
  const { status } = comparison.peek();
  if (compareProblem.peek() === null && status !== "ready" && status !== "error") return null;
  const place = [run, tag, step, version, layer, head, quantityName].map((part) => part.peek());
  return [JSON.stringify(compared.peek()), ...place];
}

export interface CompareGridProps {
  /** Why these two are not compared. */
  readonly refused: string | null;
  /** Why their comparison could not be had. */
  readonly failed: ApiError | null;
}

export function CompareGrid({ refused, failed }: CompareGridProps) {
  const onDrawn = useGridMark("model", drawnSelection, [layer.value, head.value]);
  const selected = useMemo(
    () => ({ layer: layer.value, head: head.value }),
    [layer.value, head.value],
  );
  const isBusy = comparison.value.status === "loading";
  const isShown = refused === null && failed === null;
  return (
    <section class="model-main" aria-label={compareTitle()}>
      {isShown && shownComparison.value !== null && <Exporting />}
      <h2 class="model-title">
        {compareTitle()}
        {isBusy && <span class="model-loading">comparing …</span>}
        {!isBusy && isShown && (
          <span class="model-hint">
            {quantityName.value} at B minus {quantityName.value} at A
          </span>
        )}
      </h2>
      {isShown ? <Tokens /> : <Refusal {...{ refused, failed, onDrawn }} />}
      {isShown && (
        <>
          <Chosen />
          <EveryHead />
          <HeadsGrid
            layout={layout}
            paint={paint}
            shapes={shapes.value}
            selected={selected}
            label={pictureName()}
            caption={columnCaption.value}
            hasMean
            meanName="JSD"
            isBusy={isBusy}
            tip={(cell) => <ChangeFacts cell={cell} />}
            onOpen={(cell) => selectHead(cell.layer, cell.head)}
            onDrawn={onDrawn}
          >
            <LayerChanges />
          </HeadsGrid>
          <CompareLegend />
        </>
      )}
    </section>
  );
}

const LEGEND = 8;
/** Then neither tokens stand over it nor a scale under the grid. */
const NAMED = -36;

/** The chosen head over the grid, which has what it leaves. */
function Chosen() {
  const block = useRef<HTMLDivElement>(null);
  const measure = useCallback((element: HTMLElement) => {
    taken.value = element.offsetHeight + TITLE + (areNamed.peek() ? NAMED : LEGEND);
  }, []);
  useMeasured(block, measure);
  useLayoutEffect(() => () => void (taken.value = 0), []);
  return (
    <div ref={block}>
      <ChangeLines />
    </div>
  );
}

const TITLE = 24;

/** Title of the grid, and the layers that have no row in it. */
function EveryHead() {
  return (
    <p class="every-head">
      <b>Every head, B − A</b>
      {areNamed.value && (
        <span class="model-hint">same scale; bar: JSD, 0 to {formatWeight(largest.value)}</span>
      )}
      {stillLayers.value.length > 0 && (
        <button
          type="button"
          class="link"
          title={`${stillText()}${areStillShown.value ? "" : ", folded: click shows them"}`}
          aria-expanded={areStillShown.value}
          onClick={() => (areStillShown.value = !areStillShown.value)}
        >
          {stillText()}, {areStillShown.value ? "fold" : "folded"}
        </button>
      )}
    </p>
  );
}

/** Only what was compared can be saved. */
function Exporting() {
  useExport(compareExport);
  return null;
}

/** It is what is drawn of this selection. */
function Refusal({ refused, failed, onDrawn }: CompareGridProps & { onDrawn: () => void }) {
  const place = drawnSelection()?.join();
  const why = refused ?? failed?.message ?? "";
  useEffect(() => void requestAnimationFrame(onDrawn), [why, place, onDrawn]);
  return (
    <div class="compare-refusal" role="alert">
      <h3>{refused === null ? "The comparison cannot be loaded" : "These two are not compared"}</h3>
      {refused === null && failed !== null ? (
        <TryAgain error={failed} />
      ) : (
        <>
          <p>{sentence(why)}</p>
          <p>Choose another step, run or probe at the left.</p>
        </>
      )}
    </div>
  );
}

/** The mean over the heads of each layer, in the column beside them. */
function LayerChanges() {
  const of = shownComparison.value;
  const { meanX, rows, cell } = layout.value;
  if (of === null || meanX === null) return null;
  return (
    <>
      {rows.map((row) => {
        const change = of.layerChange[row.layer] ?? NaN;
        return (
          <span
            key={row.layer}
            class={change > 0 ? "layer-change" : "layer-change is-none"}
            data-layer={row.layer}
            data-change={change}
            style={{ left: meanX, top: row.top, width: cell.width, height: cell.height }}
          >
            {change === 0 ? "0" : formatWeight(change, 3)}
          </span>
        );
      })}
    </>
  );
}

function Tokens() {
  const tokens = comparedTokens(layer.value, "query").slice(0, MOST_TOKENS);
  const pinned = query.value;
  if (areNamed.value && tokens.every(({ before }) => before === null)) return null;
  return (
    <p class="model-tokens" aria-label="Query tokens of the selected layer">
      {tokens.map(({ text, before, special }, at) => (
        <span
          key={at}
          title={text}
          class={`${at === pinned ? "is-pinned" : ""} ${special ? "is-special" : ""} ${before === null ? "" : "is-differing"}`}
        >
          {before === null ? elide(text, 24) : `${elide(before, 16)} → ${elide(text, 16)}`}{" "}
        </span>
      ))}
    </p>
  );
}
