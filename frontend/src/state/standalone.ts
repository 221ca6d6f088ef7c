/** Whether the page is a file that holds one record, and what it can show. */

import { signal, type Signal } from "@preact/signals";

/** Views that have what they need in the file; null in TensorBoard. */
export const standaloneViews: Signal<readonly string[] | null> = signal(null);
/** Whether the file holds one record and nothing to choose from. */
export const standsAlone: Signal<boolean> = signal(false);
/** Steps that the histories of the file have, and steps that were logged; null in TensorBoard. */
export const standaloneSteps: Signal<readonly [held: number, logged: number] | null> = signal(null);
