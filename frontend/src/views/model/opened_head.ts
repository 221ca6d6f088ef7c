/** The chosen head → whether its pattern stands beside the grid; a click opens it, another one closes it. */

import { computed, type ReadonlySignal } from "@preact/signals";

import type { Cell } from "../../draw/grid";
import { head, headOpen, isSideShown, layer, openBeside, stepError } from "../../state";

export const isHeadBeside: ReadonlySignal<boolean> = computed(
  () => headOpen.value && isSideShown.value && stepError.value === null,
);

export function isOpenHead(cell: Cell): boolean {
  return isHeadBeside.value && cell.layer === layer.value && cell.head === head.value;
}

/** The second click of a double-click does not close what the first has opened. */
export function toggleHeadBeside(cell: Cell, { detail }: MouseEvent): void {
  if (isOpenHead(cell)) {
    if (detail < 2) headOpen.value = false;
    return;
  }
  openBeside(cell.layer, cell.head);
}
