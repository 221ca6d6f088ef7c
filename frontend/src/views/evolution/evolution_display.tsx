/** Settings of the evolution view → their controls in the left pane. */

import { QuantitySwitch } from "../../controls/quantity_switch";
import { Checkbox } from "../../controls/checkbox";
import { Range } from "../../controls/range";
import { Segmented } from "../../controls/segmented";
import { Select } from "../../controls/select";
import {
  cellMetric,
  crossing,
  foldStill,
  headSort,
  markAbove,
  showBaseline,
  showMarks,
  stepAxis,
  type HeadSort,
  type StepAxisKind,
  definedMetrics,
  shownMetric,
  tracked,
  hasTwins,
  quantity,
} from "../../state";
import { meaningOf } from "../../text/meanings";
import { metricChoices, metricSaid } from "../../text/metric_names";
import { MapColours } from "../model/map_colours";
import { SORT_NAMES } from "./head_order";
import { isMap } from "./scene";

const axes: readonly { value: StepAxisKind; name: string }[] = [
  { value: "linear", name: "Linear" },
  { value: "log", name: "Log" },
];

const sorts = Object.entries(SORT_NAMES).map(([value, name]) => ({
  value: value as HeadSort,
  name,
}));

/** Metrics over contributions in place of those over weights. */
function Twins() {
  if (!hasTwins.value && quantity.value !== "contribution") return null;
  const why = "No contribution_* metrics were logged with this probe.";
  return <QuantitySwitch refused={hasTwins.value ? null : why} />;
}

/** What is drawn beside the lines. */
function Marks() {
  return (
    <>
      <Checkbox
        label="Uniform baseline"
        checked={showBaseline.value}
        onChange={(on) => (showBaseline.value = on)}
      />
      <Checkbox
        label="Emergence marks"
        checked={showMarks.value}
        onChange={(on) => (showMarks.value = on)}
      />
      <Range
        label="Mark a lasting change above"
        value={markAbove.value}
        min={0}
        max={1}
        step={0.01}
        meaning={meaningOf.lasting}
        onChange={(value) => (markAbove.value = value)}
      />
    </>
  );
}

export function EvolutionDisplay() {
  return (
    <>
      <Twins />
      <Select
        label="Metric"
        value={shownMetric.value ?? ""}
        choices={metricChoices(definedMetrics.value, tracked.value)}
        meaning={metricSaid(shownMetric.value, tracked.value)}
        onChange={(name) => (cellMetric.value = name)}
      />
      {isMap.value && <MapColours />}
      <Segmented
        label="Step axis"
        value={stepAxis.value}
        choices={axes}
        wide
        onChange={(kind) => (stepAxis.value = kind)}
      />
      <Select
        label="Sort heads by"
        value={headSort.value}
        choices={sorts}
        onChange={(sort) => (headSort.value = sort)}
      />
      {headSort.value === "crossing" && (
        <Range
          label="Crosses"
          value={crossing.value}
          min={0}
          max={1}
          step={0.01}
          meaning={meaningOf.crossing}
          onChange={(value) => (crossing.value = value)}
        />
      )}
      <Checkbox
        label="Fold rows that did not change"
        checked={foldStill.value}
        onChange={(on) => (foldStill.value = on)}
      />
      <Marks />
    </>
  );
}
