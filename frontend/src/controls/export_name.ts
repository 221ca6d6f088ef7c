/** What is on screen → the name of its file, <run>_<probe>_<view>_<step>: another name for every other picture. */

import {
  compared,
  compareRun,
  compareTag,
  head,
  headSummary,
  isComparing,
  layer,
  linesLayout,
  query,
  key,
  run,
  shownHeads,
  shownMetric,
  step,
  tag,
  tokenRange,
  view,
  shownMode,
  isContribution,
} from "../state";
import { fileName } from "../saving/save";

/** "12", "0.3.7", "" where all are shown */
function headsShown(): string {
  const heads = [...(shownHeads.value ?? [])].sort((a, b) => a - b);
  return heads.length === 0 ? "" : `H${heads.join(".")}`;
}

function pinned(): string {
  if (query.value !== null) return `query${query.value}`;
  return key.value === null ? "" : `key${key.value}`;
}

function headPart(): string[] {
  const range = tokenRange.value;
  const tokens = range === null ? "" : `tokens${[...range.query, ...range.key].join(".")}`;
  const summary = headSummary.value === "none" ? "" : headSummary.value;
  if (shownMode.value === "matrix") {
    const one = summary === "" ? `H${head.value}` : summary + headsShown();
    return ["matrix", `L${layer.value}${one}`, tokens];
  }
  const across = linesLayout.value === "horizontal" ? "across" : "";
  return ["head", `L${layer.value}${headsShown()}`, summary, pinned(), across, tokens];
}

/** Record A, and the head that stands beside the grid. */
function comparePart(): string[] {
  const a = compared.value;
  const elsewhere = [compareRun.value ?? "", compareTag.value ?? ""];
  return ["compare", ...elsewhere, `${a?.step ?? ""}`, `L${layer.value}H${head.value}`];
}

function viewPart(): string {
  const parts = {
    evolution: () => ["evolution", shownMetric.value ?? ""],
    model: () => (isComparing.value ? comparePart() : ["model", shownMetric.value ?? ""]),
    head: headPart,
    neuron: () => ["neuron", `L${layer.value}H${head.value}`, pinned()],
  }[view.value]();
  if (isContribution.value) parts.push("contribution");
  return parts.filter((part) => part !== "").join("-");
}

export function exportName(): string {
  return fileName(run.value ?? "", tag.value ?? "", viewPart(), step.value ?? "");
}
