/** A grid of many heads → the switch between all at once and patterns of a chosen size. */

import { Segmented } from "../../controls/segmented";
import { gridZoom } from "../../state";

const steps: readonly { value: string; name: string }[] = [
  { value: "", name: "All" },
  { value: "24", name: "24 px" },
  { value: "48", name: "48 px" },
  { value: "88", name: "88 px" },
];

export function ZoomSteps() {
  return (
    <div class="zoom-steps">
      <Segmented
        label="Size of the patterns"
        hideLabel
        value={gridZoom.value === null ? "" : String(gridZoom.value)}
        choices={steps}
        onChange={(size) => (gridZoom.value = size === "" ? null : Number(size))}
      />
    </div>
  );
}
