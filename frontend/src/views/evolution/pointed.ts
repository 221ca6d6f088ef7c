/** The head under the pointer, in the grid or in the table. */

import { signal, type Signal } from "@preact/signals";

import type { Cell } from "../../draw/grid";

export const pointed: Signal<Cell | null> = signal(null);
/** Whose curves in all runs stand beside the grid, where the runs stand in groups. */
export const openedHead: Signal<Cell | null> = signal(null);
