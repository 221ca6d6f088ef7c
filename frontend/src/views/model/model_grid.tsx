/** The selected step → title, token line, grid of heads and legend. */

import { useLayoutEffect, useMemo } from "preact/hooks";

import { untracked, type ReadonlySignal } from "@preact/signals";

import type { Cell } from "../../draw/grid";
import { useExport } from "../../saving/exported";
import {
  areAllMaps,
  areThumbnailsDrawn,
  changesOfShown,
  head,
  headMaps,
  isContribution,
  layer,
  mapColour,
  quantityName,
  record,
  run,
  shown,
  shownMetric,
  step,
  tag,
  thumbnails,
  version,
  type Loaded,
} from "../../state";
import { useGridMark } from "../../parts/drawn_mark";
import { HeadsGrid } from "../../parts/heads_grid/heads_grid";
import { sameCell } from "../../parts/heads_grid/use_pointing";
import { metricTitle } from "../../text/metric_names";
import { modelCounts } from "../../text/model_counts";
import { later } from "../later";
import { CellValues } from "./cell_values";
import { HeadFacts } from "./head_facts";
import { Legend } from "./legend";
import { modelExport } from "./model_export";
import { isHeadBeside, toggleHeadBeside } from "./opened_head";
import { gridPaint, isImage } from "./grid_paint";
import { ImageChips, imageTitle } from "./image_title";
import { LensFrame } from "./lens";
import { lensAt } from "./lens_area";
import { areMany, columnCaption, histories, isMap, isUnreadable, layout, shapes } from "./scene";
import { TokenLine } from "./token_line";
import { ZoomSteps } from "./zoom_steps";
import { formatStep } from "../../text/format_number";

const RoleBars = later((parts) => parts.RoleBars, { isSilent: true });

/** What the cells are made of. */
function parts(): readonly ReadonlySignal<Loaded<unknown>>[] {
  return [...(areThumbnailsDrawn.value ? [thumbnails] : []), ...(isImage.value ? [headMaps] : [])];
}

function drawnSelection(): unknown[] | null {
  const isWhole = untracked(parts).every((part) => ["ready", "error"].includes(part.peek().status));
  if (!isWhole) return null;
  return [run, tag, step, version, layer, head, quantityName].map((part) => part.peek());
}

const nothing = (): void => undefined;

function pointLens(found: { cell: Cell } | null): void {
  if (found !== null && !sameCell(found.cell, lensAt.peek())) lensAt.value = found.cell;
}

/** Where every cell is a map, and a head stands beside them, nothing draws a thumbnail. */
function useThumbnails(): void {
  const areDrawn = !(isImage.value && areAllMaps.value && isHeadBeside.value);
  useLayoutEffect(() => void (areThumbnailsDrawn.value = areDrawn), [areDrawn]);
  useLayoutEffect(() => () => void (areThumbnailsDrawn.value = true), []);
}

/** What stands under each pattern. */
function below(): string {
  if (layout.value.sparkHeight === 0 || histories.value === null) return "";
  const name = metricTitle(shownMetric.value ?? "").replace("→", " → ");
  const count = changesOfShown.value.length;
  const heads = `${count} head${count === 1 ? "" : "s"}`;
  const marks = layout.value.sparkWidth === undefined ? "" : `, ▴ when`;
  const changed = count === 0 ? "" : `, bold where it changed for good${marks} (${heads})`;
  return ` Below: ${name} over the steps${changed}.`;
}

/** What a cell is; what the legend says too comes last. */
function said(): string {
  const cells = isMap.value ? "one cell a head" : "rows: query, columns: key";
  return `${cells}. Click opens${isHeadBeside.value ? ", again closes" : ""}.${below()}`;
}

export function ModelGrid() {
  useThumbnails();
  useExport(modelExport);
  const onDrawn = useGridMark("model", drawnSelection, [
    layer.value,
    head.value,
    isMap.value && thumbnails.value.status, // a map is painted without them
  ]);
  const selected = useMemo(
    () => ({ layer: layer.value, head: head.value }),
    [layer.value, head.value],
  );
  const header = shown(record.value);
  const counts = header === undefined ? null : modelCounts(header);
  const what = isContribution.value ? "Contributions of every" : "Every";
  const isBusy = parts().some((part) => part.value.status === "loading");
  const title = isImage.value ? imageTitle() : `${what} head at step ${formatStep(step.value)}`;
  const hint = `${counts === null ? "" : `${counts} · `}${said()}`;
  return (
    <section class="model-main" aria-label={title}>
      <h2 class="model-title" title={hint}>
        {title}
        {isBusy && <span class="model-loading">loading …</span>}
        {isImage.value && headMaps.value.status === "error" && (
          <span class="model-hint">No maps: {headMaps.value.error.message}</span>
        )}
        {!isUnreadable.value && !isImage.value && <span class="model-hint">{hint}</span>}
      </h2>
      {areMany.value && <ZoomSteps />}
      {isImage.value ? <ImageChips /> : <TokenLine />}
      <HeadsGrid
        layout={layout}
        paint={gridPaint}
        shapes={shapes.value}
        selected={selected}
        label={`Attention heads at step ${formatStep(step.value)}`}
        caption={columnCaption.value}
        hasMean={!isUnreadable.value}
        isBusy={isBusy}
        tip={(cell) => <HeadFacts cell={cell} />}
        onOpen={toggleHeadBeside}
        onPoint={isMap.value ? pointLens : nothing}
        isTipHidden={isMap.value}
        onDrawn={onDrawn}
      >
        {isMap.value ? <LensFrame layout={layout} /> : <CellValues />}
        {layout.value.beside !== undefined && mapColour.value === "role" && <RoleBars />}
      </HeadsGrid>
      {layout.value.rows.length > 0 && <Legend />}
    </section>
  );
}
