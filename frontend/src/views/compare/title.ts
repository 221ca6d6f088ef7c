/** What is compared → its title: "What changed from step 0 to step 60". */

import { compared, run, step, tag, isContribution } from "../../state";
import { formatStep } from "../../text/format_number";

export function compareTitle(): string {
  const a = compared.value;
  if (a === null) return `What changed up to step ${formatStep(step.value)}`;
  const isOneStep = a.step === step.value;
  if (a.run !== run.value) {
    const at = isOneStep ? "" : `, step ${formatStep(a.step)}`;
    return `What ${run.value} has at step ${formatStep(step.value)} that ${a.run}${at} has not`;
  }
  if (a.tag !== tag.value) {
    const at = isOneStep ? "" : `, step ${formatStep(a.step)}`;
    return `From ${a.tag}${at} to ${tag.value} at step ${formatStep(step.value)}`;
  }
  return `What changed from step ${formatStep(a.step)} to step ${formatStep(step.value)}`;
}

/** The same for those who do not see the picture. */
export function pictureName(): string {
  const a = compared.value;
  return `${isContribution.value ? "Contribution" : "Attention"} differences from ${a?.run}, ${a?.tag}, step ${formatStep(a?.step ?? null)} to step ${formatStep(step.value)}`;
}
