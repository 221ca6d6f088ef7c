/** One head → mean q × k of each dimension by distance, so that decaying dimensions are seen. */

import { useMemo, useRef } from "preact/hooks";

import { FOLD_WIDTH, frameWidth } from "../../state";
import { CurvesCanvas } from "./curves_canvas";
import { decayingDimensions, type DistanceMeans, distanceMeans } from "./distance_means";
import { ColourLegend, PlotLegend } from "./plot_legend";
import { distanceTicks, meanTicks, plotScale, type PlotScale } from "./plot_scale";
import { rowHeightOf, viewHeight } from "./row_height";
import type { ShownHead } from "./shown_head";
import { useWidth } from "../../parts/measured";

const HEIGHT = { least: 96, most: 260 };
/** Over the columns' rows, between them and the plot, and below it. */
const AROUND = 250;
/** Beside the plot. */
const LEVELS = 32;

function Axes({ means, scale }: { means: DistanceMeans; scale: PlotScale }) {
  return (
    <>
      <div class="plot-levels" aria-hidden="true">
        {meanTicks(scale).map((text) => (
          <span key={text}>{text}</span>
        ))}
      </div>
      <div class="plot-distances" style={{ width: `${scale.width}px` }} aria-hidden="true">
        {distanceTicks(means).map(({ text, place }) => (
          <span
            key={text}
            style={{ left: `${100 * place}%`, transform: `translateX(${-100 * place}%)` }}
          >
            {text}
          </span>
        ))}
      </div>
    </>
  );
}

/** Why there is nothing to plot. */
function lack({ header }: ShownHead, means: DistanceMeans | null): string | null {
  if (means === null)
    return "Cross-attention: query and key tokens are two texts, so that there is no distance between them.";
  if (means.distances.length >= 2) return null;
  return `Too few tokens (${header.queries} × ${header.keys}): a distance counts from 4 pairs on.`;
}

/** What the columns leave of a high view; beside lines it stays low. */
function heightOf({ header }: ShownHead, isExpanded: boolean): number {
  const rows = Math.max(header.queries, header.keys);
  const left = viewHeight.value - AROUND - rows * rowHeightOf(viewHeight.value, rows);
  return isExpanded ? Math.max(HEIGHT.least, Math.min(HEIGHT.most, left)) : HEIGHT.least;
}

export interface DistancePlotProps {
  shown: ShownHead;
  /** Show the numbers as a table instead; null where no query is chosen. */
  onTable: (() => void) | null;
}

export function DistancePlot({ shown, onTable }: DistancePlotProps) {
  const room = useRef<HTMLElement>(null);
  const width = useWidth(room);
  const { header, vectors } = shown;
  const means = useMemo(
    () => (header.kind === "cross" ? null : distanceMeans(header, vectors)),
    [header, vectors],
  );
  const decaying = useMemo(() => (means === null ? [] : decayingDimensions(means)), [means]);
  const reason = lack(shown, means);
  const isWide = frameWidth.value >= FOLD_WIDTH;
  const height = heightOf(shown, onTable !== null);
  const scale = means && plotScale(means, Math.max(240, Math.round(width * 0.485)), height);
  return (
    <section class="neuron-plot" ref={room} aria-label="Mean q × k by distance">
      <header>
        <h2>Mean q × k by distance{isWide && " from the query, all token pairs"}</h2>
        {onTable !== null && (
          <button type="button" class="link" onClick={onTable}>
            Numbers as a table
          </button>
        )}
        {onTable !== null && <ColourLegend />}
      </header>
      {reason !== null && <p class="neuron-note">{reason}</p>}
      {reason === null && means !== null && scale !== null && (
        <div
          class="plot-body"
          style={{
            gridTemplateColumns: `${LEVELS}px ${scale.width}px minmax(0, 1fr)`,
            gridTemplateRows: `${height}px 20px`,
          }}
        >
          <Axes means={means} scale={scale} />
          <CurvesCanvas
            means={means}
            dimensions={vectors.dimensions}
            scale={scale}
            label={`Mean q × k of ${vectors.dimensions} dimensions by distance from query to key`}
          />
          <PlotLegend
            means={means}
            dimensions={vectors.dimensions}
            decaying={decaying}
            hasColumns={onTable !== null}
          />
        </div>
      )}
    </section>
  );
}
