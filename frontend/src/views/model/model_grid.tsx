/** The selected step → title, token line, grid of heads and legend. */

import { useMemo, useRef } from "preact/hooks";

import type { Cell } from "../../draw/grid";
import { useExport } from "../../saving/exported";
import {
  head,
  isContribution,
  layer,
  quantityName,
  record,
  run,
  shown,
  step,
  tag,
  thumbnails,
  version,
} from "../../state";
import { useGridMark } from "../../parts/drawn_mark";
import { HeadsGrid } from "../../parts/heads_grid/heads_grid";
import { sameCell } from "../../parts/heads_grid/use_pointing";
import { useGridRoom } from "../../parts/heads_grid/grid_room";
import { modelCounts } from "../../text/model_counts";
import { HeadFacts } from "./head_facts";
import { Legend } from "./legend";
import { modelExport } from "./model_export";
import { isHeadBeside, toggleHeadBeside } from "./opened_head";
import { gridPaint, isImage } from "./grid_paint";
import { ImageChips, imageTitle } from "./image_title";
import { LensFrame } from "./lens";
import { lensAt } from "./lens_area";
import { areMany, columnCaption, isMap, isUnreadable, layout, shapes } from "./scene";
import { TokenLine } from "./token_line";
import { ZoomSteps } from "./zoom_steps";

function drawnSelection(): unknown[] | null {
  const { status } = thumbnails.peek();
  if (status !== "ready" && status !== "error") return null;
  return [run, tag, step, version, layer, head, quantityName].map((part) => part.peek());
}

const nothing = (): void => undefined;

function pointLens(found: { cell: Cell } | null): void {
  if (found !== null && !sameCell(found.cell, lensAt.peek())) lensAt.value = found.cell;
}

export function ModelGrid() {
  const element = useRef<HTMLElement>(null);
  useGridRoom(element, layout);
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
  const title = isImage.value ? imageTitle() : `${what} head at step ${step.value ?? "–"}`;
  return (
    <section ref={element} class="model-main" aria-label={title}>
      <h2 class="model-title">
        {title}
        {thumbnails.value.status === "loading" && <span class="model-loading">loading …</span>}
        {!isUnreadable.value && !isImage.value && (
          <span class="model-hint">
            {counts !== null && `${counts} · `}
            {isMap.value ? "one cell a head" : "query rows × key columns"}, click opens a head
            {isHeadBeside.value && ", again closes it"}
          </span>
        )}
      </h2>
      {areMany.value && <ZoomSteps />}
      {isImage.value ? <ImageChips /> : <TokenLine />}
      <HeadsGrid
        layout={layout}
        paint={gridPaint}
        shapes={shapes.value}
        selected={selected}
        label={`Attention heads at step ${step.value ?? "–"}`}
        caption={columnCaption.value}
        hasMean={!isUnreadable.value}
        isBusy={thumbnails.value.status === "loading"}
        tip={(cell) => <HeadFacts cell={cell} />}
        onOpen={toggleHeadBeside}
        onPoint={isMap.value ? pointLens : nothing}
        isTipHidden={isMap.value}
        onDrawn={onDrawn}
      >
        {isMap.value && <LensFrame layout={layout} />}
      </HeadsGrid>
      <Legend />
    </section>
  );
}
