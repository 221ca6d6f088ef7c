/** A head that is not loaded whole → its tokens, its picture and what is known of its weights. */

import { useMemo } from "preact/hooks";

import { LayerWeights } from "../../decoding/decode";
import { codeAt, covers, type Region, weightOfCode } from "../../decoding/region";
import { partPyramid } from "../../draw/tiled";
import { axesOf, type LayerAxes } from "../../parts/token_lines/axis";
import { singleTokens } from "../../parts/token_lines/token_groups";
import {
  type HeadRow,
  longPicture,
  longRow,
  longTiles,
  rawTokens,
  type RecordHeader,
  shown,
} from "../../state";
import type { MatrixSource } from "./use_matrix";

/** A weight, or the largest of as many cells as the finest part there is has in a pixel. */
export interface KnownWeight {
  readonly weight: number;
  readonly cells: number;
}

const noNumbers = new Float32Array(0);

/** Tokens of both sides; one list where both are the same text. */
function useAxes(record: RecordHeader, layer: number): LayerAxes {
  return useMemo(
    () => axesOf(record, layer, "show", "all", { raw: rawTokens.value }),
    [record, layer, rawTokens.value],
  );
}

export function useLongSource(record: RecordHeader, picture: Region, name: string): MatrixSource {
  const { layer, head } = picture;
  const axes = useAxes(record, layer);
  return useMemo(() => {
    const { queries, keys } = record.layers[layer]!;
    const weights = new LayerWeights(
      layer,
      1,
      queries,
      keys,
      "float32",
      noNumbers,
      null,
      noNumbers,
      head,
    );
    const groups = { query: singleTokens(queries), key: singleTokens(keys) };
    const text = { axes, weights, outside: null, changed: false, groups };
    return { record, text, axes, weights, head, name, pyramid: partPyramid(picture) };
  }, [record, picture, axes, name]);
}

/** The pinned query's row, where it is that of this head. */
export function rowOf({ weights, head }: MatrixSource, query: number | null): HeadRow | null {
  const row = shown(longRow.value);
  const isThis = row?.layer === weights.layer && row.head === head && row.query === query;
  return isThis && longRow.value.status === "ready" ? row : null;
}

/** Of a query and a key, from the row or from the finest part that has come. */
export function knownWeight(source: MatrixSource, query: number, key: number): KnownWeight {
  const row = rowOf(source, query);
  if (row !== null) return { weight: row.weights[key]!, cells: 1 };
  const parts = [...longTiles.value.values(), shown(longPicture.value)].filter(
    (part) => part !== undefined && covers(part, query, key),
  ) as Region[];
  const finest = parts.reduce<Region | null>(
    (best, part) =>
      best === null || part.cell[0] * part.cell[1] < best.cell[0] * best.cell[1] ? part : best,
    null,
  );
  if (finest === null) return { weight: NaN, cells: 1 };
  return {
    weight: weightOfCode(codeAt(finest, query, key)),
    cells: finest.cell[0] * finest.cell[1],
  };
}
