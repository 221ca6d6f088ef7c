/** What the colours of maps are → their scale and its words. */

import { MAP_END } from "../../draw/patch_map";
import {
  between,
  isContribution,
  mapOpacity,
  mapScale,
  quantityName,
  topLook,
  topShare,
} from "../../state";

/** What the multiples are of: "1 of 197". */
export function scaleText(keys: number): string {
  return mapScale.value === "own"
    ? `√ of the ${quantityName.value}, each map up to its own largest`
    : `${isContribution.value ? "contribution, " : ""}times uniform (1 of ${keys}), √ scale, one scale for all heads and steps`;
}

export function topText(): string | null {
  if (topShare.value <= 0) return null;
  const share = `${Math.round(100 * topShare.value)} %`;
  return topLook.value === "mask"
    ? `only the fewest patches that hold ${share} of the ${quantityName.value} on the picture`
    : `outlined: the fewest patches that hold ${share} of it, where they are few`;
}

export function MapScale({
  keys,
  end = MAP_END,
}: {
  readonly keys: number;
  readonly end?: number;
}) {
  const isOwn = mapScale.value === "own";
  const ofPatches = [
    topText(),
    between.value === "smooth" ? "smooth between the patches’ centres" : null,
    mapOpacity.value < 1 ? "the picture shows through" : null,
  ];
  const notes = [scaleText(keys), ...(end === MAP_END ? ofPatches : [])].filter(
    (note) => note !== null,
  );
  return (
    <span class="legend-scale">
      <span class="legend-bar">
        <span class="legend-gradient" />
        <span class="legend-ticks map-ticks">
          <span>0</span>
          {!isOwn && <span style={{ left: `${100 / Math.sqrt(end)}%` }}>1×</span>}
          {!isOwn && <span style={{ left: `${200 / Math.sqrt(end)}%` }}>4×</span>}
          <span>{isOwn ? "largest" : `≥ ${end}×`}</span>
        </span>
      </span>
      <span>{notes.join("; ")}</span>
    </span>
  );
}
