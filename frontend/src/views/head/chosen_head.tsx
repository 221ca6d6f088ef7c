/** Layer and head of the matrix; mean and maximum over the shown heads are heads, too. */

import { Select } from "../../controls/select";
import {
  head,
  type HeadSummary,
  headSummary,
  layer,
  loadedHeads,
  record,
  selectHead,
  shown,
} from "../../state";
import { headNames, LayerSelect } from "./head_toolbar";

const summaries: { value: HeadSummary; name: string }[] = [
  { value: "mean", name: "Mean over heads" },
  { value: "max", name: "Max over heads" },
];

export function ChosenHead() {
  const header = shown(record.value);
  if (header?.layers[layer.value] === undefined) return null;
  const names = headNames(header, layer.value);
  const hasSummaries = names.length > 1 && loadedHeads.value === "all";
  const choices = [
    ...names.map((name, value) => ({ value: String(value), name: `Head ${name}` })),
    ...(hasSummaries ? summaries : []),
  ];
  const value =
    hasSummaries && headSummary.value !== "none" ? headSummary.value : String(head.value);
  return (
    <div class="chosen-head">
      <LayerSelect record={header} label />
      <Select
        label="Head"
        value={value}
        choices={choices}
        onChange={(picked) => {
          const summary = summaries.find((each) => each.value === picked)?.value ?? "none";
          headSummary.value = summary;
          if (summary === "none") selectHead(layer.value, Number(picked));
        }}
      />
    </div>
  );
}
