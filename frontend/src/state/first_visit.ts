/** Whether the pictures are explained: until the first reader has read it. */

import { signal, type Signal } from "@preact/signals";

export const isExplained: Signal<boolean> = signal(false);
