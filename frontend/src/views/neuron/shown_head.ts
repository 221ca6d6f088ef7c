/** What the loader has brought → record, weights and vectors on screen, always of one step and head. */

import { useRef } from "preact/hooks";

import type { HeadVectors, LayerWeights } from "../../decoding/decode";
import {
  hasWeights,
  isLong,
  layer,
  record,
  type LayerHeader,
  type RecordHeader,
  vectors,
  weights,
} from "../../state";

export interface ShownHead {
  record: RecordHeader;
  header: LayerHeader;
  weights: LayerWeights;
  vectors: HeadVectors;
}

export type HeadState =
  | { status: "loading" }
  | { status: "error" }
  | { status: "metrics only" }
  | { status: "left out"; why: string }
  | { status: "too long"; tokens: number }
  | { status: "no vectors"; record: RecordHeader }
  | { status: "ready"; shown: ShownHead };

/** Why a record that is there has nothing to show for the layer; null if it has. */
function lacking(header: RecordHeader, at: number): HeadState | null {
  const shape = header.layers[at];
  if (shape === undefined) return null;
  if (isLong(shape) && hasWeights(shape)) return { status: "too long", tokens: shape.keys };
  if (shape.vectors && hasWeights(shape)) return null;
  if (header.kind === "metrics") return { status: "metrics only" };
  const entry = header.left_out.find((each) => each.layer === at);
  if (!hasWeights(shape))
    return {
      status: "left out",
      why: entry?.why ?? "they were left out when the record was written",
    };
  return { status: "no vectors", record: header };
}

/** While the next step or head loads, the former one stays. */
export function useShownHead(): HeadState {
  const last = useRef<ShownHead | null>(null);
  const header = record.value;
  const [loaded, pair] = [weights.value, vectors.value];
  if (header.status === "error") return { status: "error" };
  if (header.status === "ready") {
    const state = lacking(header.value, layer.value);
    if (state !== null) {
      last.current = null;
      return state;
    }
  }
  if (loaded.status === "error" || pair.status === "error") return { status: "error" };
  if (header.status === "ready" && loaded.status === "ready" && pair.status === "ready")
    last.current = {
      record: header.value,
      header: header.value.layers[pair.value.layer]!,
      weights: loaded.value,
      vectors: pair.value,
    };
  return last.current === null ? { status: "loading" } : { status: "ready", shown: last.current };
}
