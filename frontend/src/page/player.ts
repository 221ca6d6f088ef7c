/** Playing → one logged step after the other, none before the last one is on screen. */

import { effect, untracked } from "@preact/signals";

import type { Clock } from "./clock";
import {
  comparison,
  headMaps,
  hidden,
  playing,
  record,
  selectStep,
  stepBy,
  stepPosition,
  steps,
  thumbnails,
  vectors,
  weights,
} from "../state";

/** Milliseconds a step stays. */
export const STEP_INTERVAL = 250;
/** Milliseconds between two looks at whether a step has been loaded. */
const PATIENCE = 30;

const settled = (): boolean =>
  [record, thumbnails, weights, vectors, headMaps, comparison].every(
    (part) => part.peek().status !== "loading",
  );

const atEnd = (): boolean => stepPosition.peek() >= steps.peek().length - 1;

export function startPlayer(clock: Clock): () => void {
  let cancel = (): void => undefined;

  function wait(milliseconds: number): void {
    cancel = clock.after(milliseconds, tick);
  }

  function tick(): void {
    if (!settled()) return wait(PATIENCE);
    if (atEnd()) {
      playing.value = false;
      return;
    }
    stepBy(1);
    wait(STEP_INTERVAL);
  }

  const dispose = effect(() => {
    cancel();
    if (!playing.value || hidden.value) return;
    untracked(() => {
      const first = steps.peek()[0];
      if (atEnd() && first !== undefined) selectStep(first);
      wait(STEP_INTERVAL);
    });
  });
  return () => {
    dispose();
    cancel();
  };
}
