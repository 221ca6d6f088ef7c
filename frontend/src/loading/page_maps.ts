/** The weights that a stand-alone page holds → the maps of one query or key, which there is no server to ask for. */

import { HeadMaps, type MapSide } from "../decoding/head_maps";
import type { LayerWeights } from "../decoding/decode";
import { contributionsOf, type Quantity } from "../decoding/contribution";
import type { Api, RecordAddress } from "../fetching/api";
import type { Sized } from "../fetching/request";

/** The other side's weights of each head. */
function linesOf(weights: LayerWeights, { side, at }: MapSide): Float32Array[] {
  const length = side === "query" ? weights.keys : weights.queries;
  return Array.from({ length: weights.heads }, (_, each) => {
    const head = weights.firstHead + each;
    return Float32Array.from({ length }, (_, other) =>
      side === "query" ? weights.weight(head, at, other) : weights.weight(head, other, at),
    );
  });
}

async function layerWeights(
  api: Api,
  at: RecordAddress,
  layer: number,
  signal: AbortSignal,
): Promise<LayerWeights | null> {
  try {
    return (await api.weights(at, layer, null, signal)).value;
  } catch {
    signal.throwIfAborted();
    return null; // too large to be held whole, or left out when logging
  }
}

export async function mapsOfPage(
  api: Api,
  at: RecordAddress,
  of: MapSide,
  { only, quantity }: { readonly only: number | null; readonly quantity: Quantity },
  signal: AbortSignal,
): Promise<Sized<HeadMaps>> {
  const { layers } = (await api.record(at, signal)).value;
  const found: { layer: number; lines: Float32Array[] }[] = [];
  for (const [layer, shape] of layers.entries()) {
    const [list, length] =
      of.side === "query" ? [shape.query_tokens, shape.queries] : [shape.key_tokens, shape.keys];
    if ((only ?? layer) !== layer || list !== of.list || of.at >= length) continue;
    const stored = await layerWeights(api, at, layer, signal);
    const weights = stored !== null && quantity !== "weight" ? contributionsOf(stored) : stored;
    if (weights !== null) found.push({ layer, lines: linesOf(weights, of) });
  }
  const lines = found.flatMap((each) => each.lines);
  const maxima = Float32Array.from(lines, (line) => line.reduce((a, b) => Math.max(a, b), 0));
  const codes = lines.flatMap((line, row) =>
    [...line].map((weight) => Math.round(255 * Math.sqrt(weight / (maxima[row]! || 1)))),
  );
  const answer = {
    fields: {
      ...{ side: of.side, at: of.at, tokens: of.list },
      layers: found.map(({ layer, lines: own }) => ({
        ...{ layer, heads: own.length, length: own[0]?.length ?? 0 },
      })),
    },
    arrays: {
      maxima: { data: maxima, shape: [maxima.length] },
      codes: { data: Uint8Array.from(codes), shape: [codes.length] },
    },
  };
  const value = new HeadMaps(answer, at.step);
  return { value, bytes: value.byteLength };
}
