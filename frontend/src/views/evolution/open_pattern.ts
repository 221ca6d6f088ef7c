/** A head and a step → the Model view with that head's pattern beside the grid. */

import type { Cell } from "../../draw/grid";
import { hoverStep, openBeside, selectStep } from "../../state";
import { pointed } from "./pointed";

/** The Model view has the same cell in the same column, its layers in the same order, and the head's pattern beside it. */
export function openPattern({ layer: at, head: number }: Cell, step: number | null): void {
  if (step !== null) selectStep(step);
  hoverStep.value = null;
  pointed.value = null;
  openBeside(at, number);
}
