/** Every cross head of the record by how closely it follows the sound → a list to choose from, copied as transformers has it. */

import { useMemo, useState } from "preact/hooks";

import type { RecordHeader } from "../../decoding/answers";
import type { LayerWeights } from "../../decoding/decode";
import { CopyButton } from "../../controls/copy_button";
import { Meaning } from "../../controls/meaning";
import { exportName } from "../../controls/export_name";
import { csvOf, saveBlob } from "../../saving/save";
import {
  head as selectedHead,
  layer as selectedLayer,
  mapScale,
  metricAt,
  metrics,
  metricStep,
  query,
  selectHead,
  shown,
  theme,
  thumbnails,
} from "../../state";
import { formatWeight } from "../../text/format_number";
import { metricMeaning } from "../../text/metric_names";
import { timesText } from "../../text/patch_names";
import { elide } from "../../text/tokens";
import { headPicture, type PictureSource } from "./head_pictures";
import { nearPath } from "./alignment";
import { RasterCanvas } from "./raster_canvas";
import { alignmentOf, timeText, type SoundScene } from "./sound_scene";
import { subtitles, timesTable } from "./word_times";

const METRIC = "diagonality";
const CHOSEN = 4;
const MOST = 9;
/** Seconds from the path that still count as on it. */
const NEAR = 0.2;

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

/** Of a head's picture, in its own pixels. */
const PICTURE = [148, 30] as const;

interface RowProps {
  readonly source: PictureSource;
  readonly each: RankedHead;
  readonly isTicked: boolean;
  /** undefined: of a layer whose weights are not loaded. */
  readonly near: number | undefined;
  readonly onToggle: () => void;
}

function Row({ source, each, isTicked, near, onToggle }: RowProps) {
  const { record, weights, thumbnails: stored, scene } = source;
  const isOwn = mapScale.value === "own";
  const picture = useMemo(
    () => headPicture(source, [each.layer, each.head], PICTURE, { theme: theme.value, isOwn }),
    [record, weights, stored, scene, each.layer, each.head, theme.value, isOwn],
  );
  const open = (): void => selectHead(each.layer, each.head);
  const isShown = each.layer === selectedLayer.value && each.head === selectedHead.value;
  return (
    <li class={isShown ? "is-shown" : ""}>
      <input
        type="checkbox"
        aria-label={`Head ${nameOf(each)} is an alignment head`}
        checked={isTicked}
        onChange={onToggle}
      />
      <button type="button" class="link" onClick={open}>
        {nameOf(each)}
      </button>
      <div class="sound-head-picture" onClick={open}>
        {picture !== null && (
          <RasterCanvas
            raster={picture}
            label={`Head ${nameOf(each)} over the sound`}
            height={PICTURE[1]}
          />
        )}
      </div>
      <i>
        <i style={{ width: `${100 * Math.max(0, Math.min(1, each.score))}%` }} />
      </i>
      <span>{formatWeight(each.score)}</span>
      <span
        title={near === undefined ? "Open the head: its layer’s weights are not loaded" : undefined}
      >
        {near === undefined || Number.isNaN(near) ? "–" : `${Math.round(100 * near)} %`}
      </span>
    </li>
  );
}

/** Of each loaded head, the share of its words' weight near the path. */
export function nearShares(
  weights: LayerWeights,
  { path, queries, span, frames }: SoundScene,
): ReadonlyMap<number, number> {
  const shares = new Map<number, number>();
  const by = Math.round(NEAR / span.seconds);
  for (let head = weights.firstHead; head < weights.firstHead + weights.heads; head++)
    if (path !== null)
      shares.set(head, nearPath(alignmentOf(weights, head, queries, span, frames), path, by));
  return shares;
}

function Columns() {
  return (
    <li class="sound-columns">
      <span>
        diagonality
        <Meaning of="diagonality" text={`${metricMeaning(METRIC)}: 0 anywhere, 1 on it.`} />
      </span>
      <span>
        near path
        <Meaning
          of="near path"
          text={`Share of the words’ weight, in %, that lies within ${NEAR} s of the path: the way of most weight through words and sound (dynamic time warping) of the heads that are drawn.`}
        />
      </span>
    </li>
  );
}

function More({ ranked, onAll }: { ranked: readonly RankedHead[]; onAll: () => void }) {
  if (ranked.length <= MOST) return null;
  return (
    <p class="side-hint">
      <button type="button" class="link" onClick={onAll}>
        {ranked.length - MOST} more heads
      </button>{" "}
      best of them {formatWeight(ranked[MOST]!.score)}
    </p>
  );
}

export interface AlignmentHeadsProps {
  readonly record: RecordHeader;
  readonly weights: LayerWeights;
  readonly scene: SoundScene;
  /** The playhead, in seconds. */
  readonly at: number;
}

export function AlignmentHeads({ record, weights, scene, at: seconds }: AlignmentHeadsProps) {
  const source = { record, weights, scene, thumbnails: shown(thumbnails.value) ?? null };
  const metric = metrics.value?.names.indexOf(METRIC) ?? -1;
  const ranked =
    metric === -1
      ? []
      : rankedHeads(record, (at, head) => metricAt(at, head, metric, metricStep.value));
  const [ticked, setTicked] = useState<ReadonlySet<string> | null>(null);
  const [areAll, setAll] = useState(false);
  const shares = useMemo(() => nearShares(weights, scene), [weights, scene]);
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
            <Columns />
            {ranked.slice(0, areAll ? undefined : MOST).map((each) => (
              <Row
                key={nameOf(each)}
                source={source}
                each={each}
                isTicked={chosen.has(nameOf(each))}
                near={each.layer === weights.layer ? shares.get(each.head) : undefined}
                onToggle={() => toggle(nameOf(each))}
              />
            ))}
          </ul>
          {!areAll && <More ranked={ranked} onAll={() => setAll(true)} />}
          <CopyButton class="link" name="Copy as alignment_heads" text={asText} />
        </>
      )}
      <Word scene={scene} keys={record.layers[weights.layer]!.keys} seconds={seconds} />
      <WordTimes scene={scene} />
    </aside>
  );
}

interface WordProps {
  readonly scene: SoundScene;
  readonly keys: number;
  readonly seconds: number;
}

/** The pinned word, at the playhead and in its time. */
function Word({ scene, keys, seconds }: WordProps) {
  const row = scene.queries.indexOf(query.value ?? -1);
  if (row === -1) return null;
  const { weights, path, span, names, frames } = scene;
  const line = weights.values.subarray(row * weights.columns, (row + 1) * weights.columns);
  const sumOf = (of: Float32Array): number => of.reduce((all, weight) => all + weight, 0);
  const weight = line[Math.min(frames - 1, Math.floor(seconds / span.seconds))]!;
  const stretch = path?.[row] ?? null;
  const inside = stretch === null ? 0 : sumOf(line.subarray(...stretch)) / (sumOf(line) || 1);
  return (
    <section class="sound-word" aria-label="The pinned word">
      <h2>
        “{elide(names[row]!, 18)}” at {timeText(seconds)} s <span>pinned word, playhead</span>
      </h2>
      <dl>
        <dt>weight</dt>
        <dd>
          {formatWeight(weight, 3)} = {timesText(weight * keys)}
        </dd>
        {stretch !== null && (
          <>
            <dt>its time by the path</dt>
            <dd>{stretch.map((frame) => timeText(frame * span.seconds)).join("–")} s</dd>
            <dt>of its row inside it</dt>
            <dd>{Math.round(100 * inside)} %</dd>
          </>
        )}
      </dl>
    </section>
  );
}

function WordTimes({ scene }: { readonly scene: SoundScene }) {
  if (scene.path === null) return null;
  const save = (blob: Blob, ending: string): void =>
    saveBlob(blob, `${exportName()}_word-times.${ending}`);
  return (
    <p class="sound-files">
      Word times:
      <button
        type="button"
        class="link"
        onClick={() => void csvOf(timesTable(scene)).then((blob) => save(blob, "csv"))}
      >
        CSV
      </button>
      <button
        type="button"
        class="link"
        onClick={() => save(new Blob([subtitles(scene)], { type: "application/x-subrip" }), "srt")}
      >
        SRT
      </button>
    </p>
  );
}
