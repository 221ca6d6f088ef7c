/** Heads by their weight on the pattern → a table: now, when first at the threshold, and at every step searched. */

import type { Table, Value } from "../../text/csv";
import { findThreshold, record, shown, step, quantityName } from "../../state";
import { headNumber } from "../../parts/heads_grid/grid_layers";
import { overSteps, rankedHeads } from "./found_series";
import { firstPassed } from "./ranking";

export function foundTable(): Table {
  const over = overSteps.value;
  const least = findThreshold.value;
  const searched = over?.steps ?? [];
  const rows = rankedHeads.value.map(({ layer, head, weight }): Value[] => [
    ...[layer, headNumber(shown(record.value)?.layers[layer], head), weight],
    firstPassed(over!, layer, head, least),
    ...searched.map((each) => over!.at(each, layer, head)),
  ]);
  const names = [
    `${quantityName.value}_at_step_${step.value}`,
    `first_step_at_least_${least.toFixed(2)}`,
  ];
  return {
    columns: ["layer", "head", ...names, ...searched.map((each) => `step_${each}`)],
    rows,
  };
}
