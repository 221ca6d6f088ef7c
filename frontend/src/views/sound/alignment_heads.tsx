/** Every cross head of the record by how closely it follows the sound → a list to choose from, copied as transformers has it. */

import { useState } from "preact/hooks";

import type { RecordHeader } from "../../decoding/answers";
import { CopyButton } from "../../controls/copy_button";
import {
  head as selectedHead,
  layer as selectedLayer,
  metricAt,
  metrics,
  metricStep,
  query,
  selectHead,
} from "../../state";
import { formatWeight } from "../../text/format_number";
import { timeText, type SoundScene } from "./sound_scene";

const METRIC = "diagonality";
const CHOSEN = 4;
const MOST = 16;

export interface RankedHead {
  /** Index in the record. */
  readonly layer: number;
  readonly head: number;
  /** As transformers counts them: the decoder's layer, the head. */
  readonly name: readonly [layer: number, head: number];
  readonly score: number;
}

/** Cross-attention heads, the one closest to a diagonal first. */
export function rankedHeads(
  record: RecordHeader,
  scoreOf: (layer: number, head: number) => number,
): RankedHead[] {
  const cross = record.layers.flatMap(({ kind }, at) => (kind === "cross" ? [at] : []));
  return cross
    .flatMap((layer, number) =>
      Array.from({ length: record.layers[layer]!.heads }, (_, head): RankedHead => {
        const own = record.layers[layer]!.head_numbers?.[head] ?? head;
        return { layer, head, name: [number, own], score: scoreOf(layer, head) };
      }),
    )
    .filter(({ score }) => !Number.isNaN(score))
    .sort((a, b) => b.score - a.score);
}

const nameOf = ({ name }: RankedHead): string => name.join(".");

interface RowProps {
  readonly each: RankedHead;
  readonly isTicked: boolean;
  readonly onToggle: () => void;
}

function Row({ each, isTicked, onToggle }: RowProps) {
  const isShown = each.layer === selectedLayer.value && each.head === selectedHead.value;
  return (
    <li class={isShown ? "is-shown" : ""}>
      <input
        type="checkbox"
        aria-label={`Head ${nameOf(each)} is an alignment head`}
        checked={isTicked}
        onChange={onToggle}
      />
      <button type="button" class="link" onClick={() => selectHead(each.layer, each.head)}>
        {nameOf(each)}
      </button>
      <i style={{ width: `${60 * Math.max(0, each.score)}%` }} />
      <span>{formatWeight(each.score)}</span>
    </li>
  );
}

export interface AlignmentHeadsProps {
  readonly record: RecordHeader;
  readonly scene: SoundScene;
}

export function AlignmentHeads({ record, scene }: AlignmentHeadsProps) {
  const metric = metrics.value?.names.indexOf(METRIC) ?? -1;
  const ranked =
    metric === -1
      ? []
      : rankedHeads(record, (at, head) => metricAt(at, head, metric, metricStep.value));
  const [ticked, setTicked] = useState<ReadonlySet<string> | null>(null);
  const chosen = ticked ?? new Set(ranked.slice(0, CHOSEN).map(nameOf));
  const asText = (): string =>
    JSON.stringify(
      ranked
        .filter((each) => chosen.has(nameOf(each)))
        .map(({ name }) => name)
        .sort((a, b) => a[0] - b[0] || a[1] - b[1]),
    );
  const toggle = (name: string): void => {
    const next = new Set(chosen);
    if (!next.delete(name)) next.add(name);
    setTicked(next);
  };
  return (
    <aside class="sound-side" aria-label="Alignment heads">
      {ranked.length > 0 && (
        <>
          <h2>
            Alignment heads{" "}
            <span>
              {chosen.size} of {ranked.length} chosen
            </span>
          </h2>
          <p class="side-hint">
            Cross-attention heads by diagonality at this step; click one to see it.
          </p>
          <ul>
            {ranked.slice(0, MOST).map((each) => (
              <Row
                key={nameOf(each)}
                each={each}
                isTicked={chosen.has(nameOf(each))}
                onToggle={() => toggle(nameOf(each))}
              />
            ))}
          </ul>
          <CopyButton class="link" name="Copy as alignment_heads" text={asText} />
        </>
      )}
      <Word scene={scene} />
    </aside>
  );
}

function Word({ scene }: { readonly scene: SoundScene }) {
  const row = scene.queries.indexOf(query.value ?? -1);
  if (row === -1 || scene.starts === null) return null;
  const { weights, starts, span } = scene;
  const line = weights.values.subarray(row * weights.columns, (row + 1) * weights.columns);
  const sum = line.reduce((all, weight) => all + weight, 0);
  const inside = line
    .subarray(starts[row]!, starts[row + 1]!)
    .reduce((all, weight) => all + weight, 0);
  return (
    <p class="sound-word">
      <strong>“{scene.names[row]}”</strong> by the path {timeText(starts[row]! * span.seconds)}–
      {timeText(starts[row + 1]! * span.seconds)} s; {Math.round((100 * inside) / (sum || 1))} % of
      its weight lies in it.
    </p>
  );
}
