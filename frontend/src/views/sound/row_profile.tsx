/** One row of weights → its profile over the seconds, in multiples of uniform. */

import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";

import { roundUp } from "../../draw/round_up";
import { timesText } from "../../text/patch_names";
import { elide } from "../../text/tokens";
import type { SoundScene } from "./sound_scene";

export const PROFILE = 40;

export interface RowProfileProps {
  readonly scene: SoundScene;
  readonly row: number;
  readonly width: number;
  readonly left: number;
  readonly keys: number;
  readonly children: ComponentChildren;
}

type Point = readonly [x: number, y: number];

/** Steps, one a frame, down to the axis at both ends. */
export function profileSteps(
  values: Float32Array,
  most: number,
  { width, height }: { width: number; height: number },
): Point[] {
  const across = width / values.length;
  const yOf = (value: number): number => height * (1 - Math.min(1, value / (most || 1)));
  const steps = [...values].flatMap((value, at): Point[] => [
    [at * across, yOf(value)],
    [(at + 1) * across, yOf(value)],
  ]);
  return [[0, height], ...steps, [width, height]];
}

/** The end of the profile's scale, in multiples of uniform. */
export function mostTimes({ values }: SoundScene["weights"], keys: number): number {
  return roundUp(keys * values.reduce((a, b) => Math.max(a, b), 0));
}

export function RowProfile({ scene, row, width, left, keys, children }: RowProfileProps) {
  const { weights, names } = scene;
  const most = useMemo(() => mostTimes(weights, keys), [weights, keys]);
  const height = PROFILE - 8;
  const line = weights.values.subarray(row * weights.columns, (row + 1) * weights.columns);
  return (
    <div class="sound-row sound-profile" style={{ height: PROFILE }}>
      <div class="sound-label" style={{ width: left }}>
        {row !== -1 && <strong title={names[row]}>“{elide(names[row]!, 9)}”, its row</strong>}
      </div>
      <div class="sound-picture" style={{ width, height }}>
        {row === -1 ? (
          <p>Point at a word to see its row.</p>
        ) : (
          <svg width={width} height={height} role="img" aria-label={`The row of ${names[row]}`}>
            <polygon points={profileSteps(line, most / keys, { width, height }).join(" ")} />
          </svg>
        )}
        {children}
      </div>
      <div class="sound-scale" aria-hidden="true">
        <span>{timesText(most)}</span>
        <span>0</span>
      </div>
    </div>
  );
}
