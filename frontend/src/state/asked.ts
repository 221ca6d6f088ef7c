/** A place that a link names, or where one was, and that the log does not have → what to say, and the way back when it comes. */

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";

import { head, index, layer, run, step, tag, visits } from "./selection";
import { formatStep } from "../text/format_number";

interface Asked {
  readonly run: string | null;
  readonly tag: string | null;
  readonly step: number | null;
  /** Moves so far: with the next one it is no longer asked for. */
  readonly visits: number;
}

interface AskedHead {
  readonly layer: number;
  readonly head: number;
  /** What is shown in its place. */
  readonly shown: string;
  readonly visits: number;
}

export const asked: Signal<Asked | null> = signal(null);
export const askedHead: Signal<AskedHead | null> = signal(null);

/** The place that is still asked for. */
export function stillAsked(): Asked | null {
  return asked.value?.visits === visits.value ? asked.value : null;
}

const here = (): string => `${step.value} ${layer.value}.${head.value}`;

/** A head that the shown record does not have; it was `layer`.`head` that was asked for. */
export function missHead(askedLayer: number, asked: number): void {
  askedHead.value = { layer: askedLayer, head: asked, shown: here(), visits: visits.value };
}

/** In words; null where what was asked for is shown. */
export const missing: ReadonlySignal<string | null> = computed(() => {
  const place = stillAsked();
  if (run.value === null || tag.value === null) return null;
  if (place !== null && place.run !== null && place.run !== run.value)
    return `Run “${place.run}” is not in this log: ${run.value} is shown.`;
  if (place !== null && place.tag !== null && place.tag !== tag.value)
    return `${run.value} has no probe “${place.tag}”: ${tag.value} is shown.`;
  if (place !== null && place.step !== null && place.step !== step.value)
    return `Step ${formatStep(place.step)} was not logged: step ${formatStep(step.value)} is shown.`;
  const wanted = askedHead.value;
  if (wanted === null || wanted.visits !== visits.value || wanted.shown !== here()) return null;
  return `Head ${wanted.layer}.${wanted.head} is not in this record: ${layer.value}.${head.value} is shown.`;
});

/** Nothing is asked for any more. */
export function forgetAsked(): void {
  asked.value = null;
  askedHead.value = null;
}

/** Whether a listing has its run, and its probe where it names one. */
export function isListed(place: Asked): boolean {
  const logged = index.value?.[place.run ?? ""];
  return logged !== undefined && (place.tag === null || place.tag in logged);
}
