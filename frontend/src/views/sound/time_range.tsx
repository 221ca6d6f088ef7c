/** A stretch of time drawn over the sound → its mark, and the way to the heads that listen there. */

import type { RecordHeader } from "../../decoding/answers";
import { type Drag, useDrag } from "../../parts/use_drag";
import { findHeads, query, standaloneViews, type PairPattern } from "../../state";
import { elide } from "../../text/tokens";
import { timeText, type SoundScene } from "./sound_scene";

/** Frames, both ends inside. */
export type FrameRange = readonly [first: number, last: number];

export interface RangeProps {
  readonly range: FrameRange | null;
  readonly onRange: (range: FrameRange | null) => void;
}

export function useFrameDrag(frames: number, onRange: RangeProps["onRange"]): Drag {
  return useDrag(
    (event) => {
      const { left, width } = event.currentTarget.getBoundingClientRect();
      const frame = Math.floor(((event.clientX - left) / width) * frames);
      return Math.max(0, Math.min(frames - 1, frame));
    },
    (from, to) => onRange([Math.min(from, to), Math.max(from, to)]),
  );
}

export function TimeMark({
  range,
  frames,
}: Pick<RangeProps, "range"> & { readonly frames: number }) {
  if (range === null) return null;
  const [first, last] = range;
  const style = {
    left: `${(100 * first) / frames}%`,
    width: `${(100 * (last + 1 - first)) / frames}%`,
  };
  return <i class="time-range" style={style} />;
}

/** Of the given queries, and the frames of a range. */
export function timePattern(
  record: RecordHeader,
  layer: number,
  queries: readonly number[],
  { start }: { readonly start: number },
  [first, last]: FrameRange,
): PairPattern {
  const { query_tokens: from, key_tokens: to } = record.layers[layer]!;
  const isAlike = record.layers.every(
    (each) => each.query_tokens === from && each.key_tokens === to,
  );
  return {
    query: queries,
    key: Array.from({ length: last - first + 1 }, (_, at) => start + first + at),
    axes: isAlike ? null : [from, to],
  };
}

interface TimeFindProps extends RangeProps {
  readonly record: RecordHeader;
  readonly layer: number;
  readonly scene: SoundScene;
}

export function TimeFind({ record, layer, scene, range, onRange }: TimeFindProps) {
  const { span, queries, names } = scene;
  if (range === null)
    return standaloneViews.value === null ? (
      <p class="time-find">Drag over the sound to find heads that listen to a stretch of it.</p>
    ) : null;
  const [from, to] = [range[0], range[1] + 1].map((frame) => timeText(frame * span.seconds));
  const row = queries.indexOf(query.value ?? -1);
  const find = (of: readonly number[]): void =>
    findHeads({ pair: timePattern(record, layer, of, span, range) });
  return (
    <p class="time-find" aria-live="polite">
      {from}–{to} s
      {standaloneViews.value === null && (
        <>
          : find heads that listen there
          <button type="button" class="link" onClick={() => find(queries)}>
            at every position
          </button>
          {row !== -1 && (
            <button type="button" class="link" onClick={() => find([queries[row]!])}>
              at “{elide(names[row]!, 18)}”
            </button>
          )}
        </>
      )}
      <button type="button" class="link" onClick={() => onRange(null)}>
        clear
      </button>
    </p>
  );
}
