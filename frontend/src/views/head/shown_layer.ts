/** What the loader has brought → the record and weights on screen, always of one step and layer. */

import { useRef } from "preact/hooks";

import type { LayerWeights } from "../../decoding/decode";
import { isMetricsOnly, layer, record, type RecordHeader, weights } from "../../state";

export interface ShownLayer {
  record: RecordHeader;
  weights: LayerWeights;
}

export type LayerState =
  | { status: "loading" }
  | { status: "error" }
  | { status: "left out"; record: RecordHeader; why: string }
  | { status: "ready"; shown: ShownLayer };

function whyLeftOut(header: RecordHeader, at: number): string {
  const entry = header.left_out.find((each) => each.layer === at && each.what === "weights");
  return entry?.why ?? "they were left out when the record was written";
}

/** While the next step or layer loads, the former one stays. */
export function useShownLayer(): LayerState {
  const last = useRef<ShownLayer | null>(null);
  const header = record.value;
  const loaded = weights.value;
  if (header.status === "error") return { status: "error" };
  if (isMetricsOnly.value) return { status: "error" }; // the shell says so, with the nearest pattern
  if (header.status === "ready" && header.value.layers[layer.value]?.weights === false) {
    last.current = null;
    const why = whyLeftOut(header.value, layer.value);
    return { status: "left out", record: header.value, why };
  }
  if (loaded.status === "error") return { status: "error" };
  if (header.status === "ready" && loaded.status === "ready")
    last.current = { record: header.value, weights: loaded.value };
  return last.current === null ? { status: "loading" } : { status: "ready", shown: last.current };
}
