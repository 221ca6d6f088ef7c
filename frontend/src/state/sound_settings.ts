/** How a sound and its words are drawn and played: settings, apart from what is selected. */

import { signal, type Signal } from "@preact/signals";

export type PlaySpeed = "0.5" | "1" | "2";

export const isPathDrawn: Signal<boolean> = signal(true);
export const areSpecialsListed: Signal<boolean> = signal(false);
export const playSpeed: Signal<PlaySpeed> = signal("1");
