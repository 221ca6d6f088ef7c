/** Hints at what may be wrong with the selected probe, and the limits beyond which they are given. */

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";

import type { Health, Hint, Limits } from "../decoding/health_facts";
import { shown, type Loaded } from "./load";
import { series } from "./loaded";

export type { Health, Hint, Limits } from "../decoding/health_facts";

/** Limits set by hand; the others are the server's own. */
export const ownLimits: Signal<Limits> = signal({});
/** Hints under the limits set by hand; a loader writes them. */
export const adjustedHealth: Signal<Loaded<Health>> = signal({ status: "idle" });

export const hasOwnLimits: ReadonlySignal<boolean> = computed(
  () => Object.keys(ownLimits.value).length > 0,
);

const usualHealth = computed<Health | null>(() => shown(series.value)?.evolution?.health ?? null);

/** The server's own limits; null until the metrics are there. */
export const usualLimits: ReadonlySignal<Limits | null> = computed(
  () => usualHealth.value?.limits ?? null,
);

/** null: not known yet. */
export const health: ReadonlySignal<Health | null> = computed(() =>
  hasOwnLimits.value ? (shown(adjustedHealth.value) ?? null) : usualHealth.value,
);

/** "No hints", "1 hint", "3 hints" */
export function hintCount({ length }: readonly Hint[]): string {
  return `${length === 0 ? "No" : length} ${length === 1 ? "hint" : "hints"}`;
}

export function setLimit(name: string, value: number): void {
  const next = { ...ownLimits.value, [name]: value };
  const usual = usualLimits.value ?? {};
  ownLimits.value = Object.fromEntries(
    Object.entries(next).filter(([each, limit]) => limit !== usual[each]),
  );
}

/** "max_score:50~entropy:0.2" */
export function formatLimits(limits: Limits): string {
  return Object.entries(limits)
    .map(([name, value]) => `${name}:${value}`)
    .join("~");
}

export function parseLimits(text: string): Limits | undefined {
  const found = text.split("~").map((each) => /^([a-z_]{1,30}):(\d+(?:\.\d+)?)$/.exec(each));
  if (found.some((each) => each === null)) return undefined;
  return Object.fromEntries(found.map((each) => [each![1]!, Number(each![2])]));
}
