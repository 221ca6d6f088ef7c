/** Weights, a panel and a chosen position → the weight on each patch, as such and in multiples of uniform. */

import type { LayerHeader } from "../../decoding/answers";
import type { LayerWeights } from "../../decoding/decode";
import { keyCount } from "../../decoding/mask";
import type { Panel } from "../../decoding/panels";
import { MAP_END, strengthOf, topPatches, type PatchMap } from "../../draw/patch_map";

export interface MapValues {
  /** Row by row of the panel. */
  readonly weights: Float32Array;
  /** How many times what uniform attention would give. */
  readonly times: Float32Array;
  /** Of a query: what lies on all patches of the panel. Of a key: the mean over them. */
  readonly share: number;
}

export interface MapWanted {
  readonly panel: Panel;
  /** "query": where it looks; "key": which patches look at it. */
  readonly side: "query" | "key";
  readonly at: number;
}

/** The weights of a position by those of the other side, of one head or the mean of several. */
export function lineOf(
  weights: LayerWeights,
  heads: readonly number[],
  { side, at }: Pick<MapWanted, "side" | "at">,
): Float32Array {
  const length = side === "query" ? weights.keys : weights.queries;
  const sum = new Float32Array(length);
  if (at >= (side === "query" ? weights.queries : weights.keys)) return sum.fill(NaN);
  const row = new Float32Array(weights.keys);
  for (const head of heads) {
    if (side === "query") weights.readRow(head, at, row);
    for (let other = 0; other < length; other++)
      sum[other]! +=
        (side === "query" ? row[other]! : weights.weight(head, other, at)) / heads.length;
  }
  return sum;
}

export function mapOf(line: Float32Array, layer: LayerHeader, wanted: MapWanted): MapValues {
  const { panel, side, at } = wanted;
  const { positions } = panel;
  const keysOf = (query: number): number => keyCount(layer, query) ?? layer.keys;
  const own = keysOf(at);
  const weights = new Float32Array(positions.length);
  const times = new Float32Array(positions.length);
  let sum = 0;
  for (let patch = 0; patch < positions.length; patch++) {
    const weight = line[positions[patch]!] ?? NaN;
    weights[patch] = weight;
    times[patch] = weight * (side === "query" ? own : keysOf(positions[patch]!));
    sum += weight || 0;
  }
  return { weights, times, share: side === "query" ? sum : sum / weights.length };
}

export interface MapLook {
  readonly scale: "uniform" | "own";
  readonly topShare: number;
  readonly topLook: "outline" | "mask";
}

/** More than this part of the patches is no outline, but confetti. */
const MOST_OUTLINED = 3 / 16;

/** √ of each part of the largest. */
function partsOf(weights: Float32Array): Float32Array {
  const most = weights.reduce((largest, each) => (each > largest ? each : largest), 0);
  return weights.map((weight) => Math.sqrt(most > 0 ? weight / most : 0));
}

export function patchMap({ rows, cols }: Panel, values: MapValues, look: MapLook): PatchMap {
  const { weights, times } = values;
  const all = look.scale === "own" ? partsOf(weights) : new Float32Array(times.length);
  if (look.scale === "uniform")
    for (let at = 0; at < all.length; at++) all[at] = strengthOf(times[at]!, MAP_END);
  if (look.topShare <= 0) return { rows, cols, strength: all };
  const top = topPatches(weights, look.topShare);
  if (look.topLook === "mask")
    return { rows, cols, strength: all.map((each, at) => (top[at] === 1 ? each : 0)) };
  const count = top.reduce((sum, each) => sum + each, 0);
  const isOutlined = count <= Math.max(1, MOST_OUTLINED * top.length);
  return { rows, cols, strength: all, outlined: isOutlined ? top : null };
}
