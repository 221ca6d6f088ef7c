/** The head under the pointer, in the grid or in the table. */

import { signal, type Signal } from "@preact/signals";

import type { Cell } from "../../draw/grid";

export const pointed: Signal<Cell | null> = signal(null);
