/** The attention of all layers of a stack multiplied: how it is wanted, and what came of it. */

import { signal, type Signal } from "@preact/signals";

import type { Rollout } from "../decoding/rollout";
import type { Loaded } from "./load";

/** How a layer's heads become one; null: no rollout is asked for. */
export type OverHeads = "mean" | "max" | "min" | null;
export const rolloutHeads: Signal<OverHeads> = signal(null);
export const rollout: Signal<Loaded<Rollout>> = signal({ status: "idle" });
