/** What the loader has brought → the record and weights on screen, always of one step and layer. */

import { useRef } from "preact/hooks";

import type { LayerWeights } from "../../decoding/decode";
import type { Region } from "../../decoding/region";
import {
  hasWeights,
  isMetricsOnly,
  layer,
  loadedHeads,
  longPicture,
  record,
  type RecordHeader,
  shown,
  shownWeights,
} from "../../state";

export interface ShownLayer {
  record: RecordHeader;
  weights: LayerWeights;
}

export type LayerState =
  | { status: "loading" }
  | { status: "error" }
  | { status: "left out"; record: RecordHeader; why: string }
  | { status: "long"; record: RecordHeader; picture: Region }
  | { status: "ready"; shown: ShownLayer };

function whyLeftOut(header: RecordHeader, at: number): string {
  const entry = header.left_out.find((each) => each.layer === at && each.what === "weights");
  return entry?.why ?? "they were left out when the record was written";
}

/** The picture of another step or head stays until the next has come. */
function longState(header: typeof record.value): LayerState {
  const [now, picture] = [shown(header), shown(longPicture.value)];
  if (longPicture.value.status === "error") return { status: "error" };
  if (now === undefined || picture === undefined) return { status: "loading" };
  const shape = now.layers[picture.layer];
  const fits = shape?.queries === picture.query[1] && shape.keys === picture.key[1];
  return fits ? { status: "long", record: now, picture } : { status: "loading" };
}

/** While the next step or layer loads, the former one stays. */
export function useShownLayer(): LayerState {
  const last = useRef<ShownLayer | null>(null);
  const header = record.value;
  const loaded = shownWeights.value;
  if (header.status === "error") return { status: "error" };
  if (isMetricsOnly.value) return { status: "error" }; // the shell says so, with the nearest pattern
  const shape = header.status === "ready" ? header.value.layers[layer.value] : undefined;
  if (loadedHeads.value === "long") return longState(header);
  if (header.status === "ready" && shape !== undefined && !hasWeights(shape)) {
    last.current = null;
    const why = whyLeftOut(header.value, layer.value);
    return { status: "left out", record: header.value, why };
  }
  if (loaded.status === "error") return { status: "error" };
  if (header.status === "ready" && loaded.status === "ready")
    last.current = { record: header.value, weights: loaded.value };
  return last.current === null ? { status: "loading" } : { status: "ready", shown: last.current };
}
