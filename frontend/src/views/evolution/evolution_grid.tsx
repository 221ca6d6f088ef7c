/** The selected probe → title, its tokens, the grid of histories and its legend. */

import { useLayoutEffect, useMemo } from "preact/hooks";

import type { Cell } from "../../draw/grid";
import { nearestStep } from "../../draw/step_axis";
import {
  head,
  hoverStep,
  isOneRun,
  isSideShown,
  layer,
  series,
  shownMetric,
  step,
  metrics,
  readStep,
} from "../../state";
import { useExport } from "../../saving/exported";
import { useGridMark } from "../../parts/drawn_mark";
import { HeadsGrid } from "../../parts/heads_grid/heads_grid";
import { sameCell } from "../../parts/heads_grid/use_pointing";
import { LensFrame } from "../model/lens";
import { lensAt } from "../model/lens_area";
import { CellNumbers } from "./cell_numbers";
import { toggleChosen } from "./chosen";
import { evolutionExport } from "./evolution_export";
import { FoldedNote } from "./folded_note";
import { Legend } from "./legend";
import { openPattern } from "./open_pattern";
import { openedHead, pointed } from "./pointed";
import {
  axis,
  columnCaption,
  groups,
  isMap,
  isPanelWide,
  layout,
  main,
  orders,
  others,
  overlay,
  paint,
  shapes,
  when,
} from "./scene";
import { SpokenFacts } from "./spoken_facts";
import { Summary } from "./summary_line";
import { Title, useTitle } from "./title";
import { When } from "./when";

function drawnSelection(): unknown[] | null {
  const loaded = series.peek();
  if (loaded.status !== "ready" || main.peek() === null) return null;
  const arranged = JSON.stringify([axis.peek(), orders.peek()]);
  const below = others.peek().map(({ histories }) => histories.series.values);
  return [shownMetric.peek(), step.peek(), arranged, loaded.value.values, ...below];
}

export function EvolutionGrid() {
  useExport(evolutionExport);
  useLayoutEffect(() => void (isOneRun.value = isMap.value), [isMap.value]);
  const onDrawn = useGridMark("evolution", drawnSelection);
  const title = useTitle();
  const opened = groups.value.length > 0 ? openedHead.value : null;
  const selected = useMemo(
    () => opened ?? { layer: layer.value, head: head.value },
    [opened, layer.value, head.value],
  );
  const scale = main.value?.histories.scale;
  const axisEnds = scale === undefined ? null : ([`${scale.least}`, `${scale.most}`] as const);
  const isLoading = series.value.status === "loading";
  return (
    <section
      class={`model-main evolution-main ${opened === null ? "" : "has-opened"}`}
      aria-label={title}
    >
      <Title />
      {isPanelWide.value && isSideShown.value ? <p class="model-tokens" /> : <Summary />}
      <HeadsGrid
        layout={layout}
        paint={paint}
        overlay={overlay}
        shapes={shapes.value}
        selected={selected}
        label={`Histories of all heads: ${title}`}
        caption={columnCaption.value}
        hasMean
        isBusy={isLoading}
        tip={(cell) => <SpokenFacts cell={cell} />}
        isTipHidden
        onOpen={openCell}
        onPoint={point}
        onDrawn={onDrawn}
        {...(axisEnds !== null && { axis: axisEnds })}
      >
        {isMap.value ? <LensFrame layout={layout} /> : <CellNumbers />}
        <FoldedNote />
      </HeadsGrid>
      {(when.value === null || isMap.value) && <Legend />}
      <When />
    </section>
  );
}

/** With Shift into the chart; of groups of runs all its curves, else to its pattern at the step that is read. */
function openCell(cell: Cell, event: MouseEvent): void {
  if (event.shiftKey) toggleChosen(cell);
  else if (groups.peek().length > 0 && isSideShown.peek())
    openedHead.value = sameCell(cell, openedHead.peek()) ? null : cell;
  else openPattern(cell, readStep.peek());
}

function point(found: { cell: Cell; x: number } | null): void {
  if (isMap.peek()) {
    if (found !== null && !sameCell(found.cell, lensAt.peek())) lensAt.value = found.cell;
    return;
  }
  pointed.value = found?.cell ?? null;
  if (found === null) {
    hoverStep.value = null;
    return;
  }
  const place = (found.x - 0.5) / (layout.peek().cell.width - 1);
  const clamped = Math.min(1, Math.max(0, place));
  hoverStep.value = nearestStep(axis.peek(), metrics.peek()?.exactSteps ?? [], clamped);
}
