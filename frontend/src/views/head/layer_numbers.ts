/** Loaded weights and the state → rows, shown heads, focus and numbers, worked out only when they change. */

import { useMemo } from "preact/hooks";

import type { LayerWeights } from "../../decode";
import { headColour } from "../../draw/colour";
import {
  hoverKey,
  hoverQuery,
  key,
  query,
  type RecordHeader,
  sentenceFilter,
  shownHeads,
  specials,
  theme,
  threshold,
} from "../../state";
import { axesOf, type LayerAxes } from "../token_lines/axis";
import { type Focus, focusOf } from "../token_lines/focus";
import type { ShownHead } from "../token_lines/line_canvas";
import { type Overview, overviewOf } from "./overview";
import { type WeightRows, weightRows } from "./weight_rows";

function useShownHeads(weights: LayerWeights): ShownHead[] {
  const chosen = shownHeads.value;
  const { heads } = weights;
  return useMemo(
    () =>
      Array.from({ length: heads }, (_, head) => head)
        .filter((head) => chosen?.has(head) ?? true)
        .map((head) => ({ head, colour: headColour(head, theme.value) })),
    [heads, chosen, theme.value],
  );
}

export interface LayerNumbers {
  axes: LayerAxes;
  heads: ShownHead[];
  focus: Focus | null;
  overview: Overview;
  rows: WeightRows;
}

export function useLayerNumbers(record: RecordHeader, weights: LayerWeights): LayerNumbers {
  const filter = sentenceFilter.value;
  const treatment = specials.value;
  const axes = useMemo(
    () => axesOf(record, weights.layer, treatment, filter),
    [record, weights.layer, treatment, filter],
  );
  const heads = useShownHeads(weights);
  const hovered = { query: hoverQuery.value, key: hoverKey.value };
  const { queries, keys } = weights;
  const focus =
    focusOf(hovered, queries, keys) ??
    focusOf({ query: query.value, key: key.value }, queries, keys);
  const list = useMemo(() => heads.map(({ head }) => head), [heads]);
  const overview = useMemo(
    () => overviewOf(weights, list, axes, threshold.value),
    [weights, list, axes, threshold.value],
  );
  const rows = useMemo(
    () =>
      weightRows({
        weights,
        header: record.layers[weights.layer]!,
        heads: list,
        axes,
        focus,
        overview,
        filter,
        specials: treatment,
      }),
    [weights, record, list, axes, overview, focus?.side, focus?.token],
  );
  return { axes, heads, focus, overview, rows };
}
