/** A rectangle drawn on the picture → what it holds, and the way to the heads that look at it, or from it. */

import type { RecordHeader, TokenList } from "../../decoding/answers";
import type { Panel } from "../../decoding/panels";
import { positionsIn, type PatchRegion } from "../../parts/picture_map/patch_region";
import {
  findHeads,
  isOneList,
  key,
  query,
  shownDirection,
  standaloneViews,
  type PairPattern,
} from "../../state";
import { capital } from "../../text/metric_names";
import { positionName, regionName } from "../../text/patch_names";

export interface RegionFindProps {
  readonly record: RecordHeader;
  readonly layer: number;
  readonly panel: Panel;
  readonly region: PatchRegion;
  readonly onClear: () => void;
}

interface Choice {
  readonly text: string;
  readonly pattern: PairPattern;
}

const everyPosition = (record: RecordHeader, list: TokenList): number[] => [
  ...(record.tokens[list] ?? []).keys(),
];

/** From anywhere to the region, from the chosen query to it, and from it to the chosen position. */
export function regionPatterns(
  record: RecordHeader,
  layer: number,
  list: TokenList,
  positions: readonly number[],
  pinned: { readonly query: number | null; readonly key: number | null },
): Choice[] {
  const { query_tokens: from, key_tokens: to } = record.layers[layer]!;
  const isAlike = record.layers.every(
    (each) => each.query_tokens === from && each.key_tokens === to,
  );
  const axes = isAlike ? null : ([from, to] as const);
  const found: Choice[] = [];
  if (to === list) {
    found.push({
      text: "look at it from anywhere",
      pattern: { query: everyPosition(record, from), key: positions, axes },
    });
    if (pinned.query !== null)
      found.push({
        text: `look at it from ${positionName(record, from, pinned.query)}`,
        pattern: { query: [pinned.query], key: positions, axes },
      });
  }
  const target = pinned.key ?? (from === to ? pinned.query : null);
  if (from === list && target !== null)
    found.push({
      text: `look from it at ${positionName(record, to, target)}`,
      pattern: { query: positions, key: [target], axes },
    });
  return found;
}

export function RegionFind({ record, layer, panel, region, onClear }: RegionFindProps) {
  const positions = positionsIn(panel, region);
  const isByQuery = shownDirection.value === "keys";
  const pinned = {
    query: isByQuery || isOneList.value ? query.value : null,
    key: isByQuery ? null : key.value,
  };
  const choices =
    standaloneViews.value === null
      ? regionPatterns(record, layer, panel.list, positions, pinned)
      : [];
  const name =
    regionName(record, panel.list, positions) ?? positionName(record, panel.list, positions[0]!);
  return (
    <p class="patch-range" aria-live="polite">
      {capital(name)}, {positions.length} {positions.length === 1 ? "patch" : "patches"}
      {choices.length > 0 && ": find heads that"}
      {choices.map(({ text, pattern }) => (
        <button key={text} type="button" class="link" onClick={() => findHeads({ pair: pattern })}>
          {text}
        </button>
      ))}
      <button type="button" class="link" onClick={onClear}>
        clear
      </button>
    </p>
  );
}
