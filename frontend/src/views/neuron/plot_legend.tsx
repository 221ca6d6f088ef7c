/** Followed and decaying dimensions → the lines that explain the plot, and the colours' legend. */

import { divergingTable } from "../../draw/colour";
import { dimension, pinDimension, theme } from "../../state";
import { followed } from "./dimension_pointer";
import { type DistanceMeans, FARTHEST, LEAST_PAIRS, MOST_PAIRS } from "./distance_means";

/** Stops of the gradient, out of the table that the cells are painted with. */
const STOPS = 16;

function gradient(table: Uint32Array): string {
  const stops = Array.from({ length: STOPS + 1 }, (_, i) => {
    const pixel = table[Math.round((510 * i) / STOPS)]!;
    return `rgb(${pixel & 255} ${(pixel >> 8) & 255} ${(pixel >> 16) & 255})`;
  });
  return `linear-gradient(to right, ${stops.join(", ")})`;
}

/** Each column by itself: its largest number has the full colour. */
export function ColourLegend() {
  return (
    <div
      class="colour-legend"
      title="Each column has its own scale: its largest number has the full colour"
    >
      <span class="colour-bar" style={{ background: gradient(divergingTable(theme.value)) }} />
      <span>negative</span>
      <span>0</span>
      <span>positive</span>
    </div>
  );
}

const MOST_NAMED = 10;

function Decaying({ decaying }: { decaying: readonly number[] }) {
  const more = decaying.length - MOST_NAMED;
  return (
    <span class="plot-decaying">
      {decaying.slice(0, MOST_NAMED).map((each) => (
        <button
          key={each}
          type="button"
          aria-label={`Follow dimension ${each}`}
          aria-pressed={dimension.value === each}
          onClick={() => {
            pinDimension(each);
          }}
        >
          {each}
        </button>
      ))}
      {more > 0 && `and ${more} more`}
    </span>
  );
}

export interface PlotLegendProps {
  means: DistanceMeans;
  dimensions: number;
  decaying: readonly number[];
  /** Above, where dimensions can be pointed at. */
  hasColumns: boolean;
}

function sidesOf({ distances }: DistanceMeans): string {
  const isTwoSided = distances[0]! < 0 && distances.at(-1)! > 0;
  return isTwoSided ? "falls off on both sides" : "falls off all the way";
}

export function PlotLegend({ means, dimensions, decaying, hasColumns }: PlotLegendProps) {
  const now = followed(dimensions);
  const others = now === null ? dimensions : dimensions - 1;
  return (
    <div class="plot-legend">
      {now !== null && (
        <p class="is-followed">
          <i /> dimension {now}
        </p>
      )}
      <p>
        <i /> {now === null ? `${others} dimensions` : `the other ${others}`}
      </p>
      <p class="is-text">
        A dimension that {sidesOf(means)} decays with distance.{" "}
        {decaying.length === 0 ? "None does here." : <Decaying decaying={decaying} />}
      </p>
      <p class="is-text">
        {hasColumns && "Point at a dimension above to follow it here. "}Distances with {LEAST_PAIRS}{" "}
        or more pairs
        {means.isSample && `, up to ${FARTHEST} tokens and ${MOST_PAIRS} pairs each`}.
      </p>
    </div>
  );
}
