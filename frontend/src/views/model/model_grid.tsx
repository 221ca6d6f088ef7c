/** The selected step → title, token line, grid of heads and legend. */

import { useMemo, useRef } from "preact/hooks";

import { useExport } from "../../saving/exported";
import { head, layer, step, thumbnails } from "../../state";
import { HeadsGrid } from "../../parts/heads_grid/heads_grid";
import { useMeasured } from "../../parts/heads_grid/use_measured";
import { useDrawnMark } from "./drawn_mark";
import { HeadFacts } from "./head_facts";
import { Legend } from "./legend";
import { modelExport } from "./model_export";
import { isHeadBeside, toggleHeadBeside } from "./opened_head";
import { columnCaption, gridSize, isUnreadable, layout, paint, shapes } from "./scene";
import { TokenLine } from "./token_line";

export function ModelGrid() {
  const element = useRef<HTMLElement>(null);
  useMeasured(element, gridSize);
  useExport(modelExport);
  const onDrawn = useDrawnMark();
  const selected = useMemo(
    () => ({ layer: layer.value, head: head.value }),
    [layer.value, head.value],
  );
  const title = `Every head at step ${step.value ?? "–"}`;
  return (
    <section ref={element} class="model-main" aria-label={title}>
      <h2 class="model-title">
        {title}
        {thumbnails.value.status === "loading" && <span class="model-loading">loading …</span>}
        {!isUnreadable.value && (
          <span class="model-hint">
            query rows × key columns, click opens a head{isHeadBeside.value && ", again closes it"}
          </span>
        )}
      </h2>
      <TokenLine />
      <HeadsGrid
        layout={layout}
        paint={paint}
        shapes={shapes.value}
        selected={selected}
        label={`Attention heads at step ${step.value ?? "–"}`}
        caption={columnCaption.value}
        hasMean={!isUnreadable.value}
        isBusy={thumbnails.value.status === "loading"}
        tip={(cell) => <HeadFacts cell={cell} />}
        onOpen={toggleHeadBeside}
        onDrawn={onDrawn}
      />
      <Legend />
    </section>
  );
}
