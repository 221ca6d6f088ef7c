/** What is compared → its title: "What changed from step 0 to step 60". */

import { compared, run, step, tag, isContribution } from "../../state";

export function compareTitle(): string {
  const a = compared.value;
  if (a === null) return `What changed up to step ${step.value ?? "–"}`;
  const isOneStep = a.step === step.value;
  if (a.run !== run.value) {
    const at = isOneStep ? "" : `, step ${a.step}`;
    return `What ${run.value} has at step ${step.value} that ${a.run}${at} has not`;
  }
  if (a.tag !== tag.value) {
    const at = isOneStep ? "" : `, step ${a.step}`;
    return `From ${a.tag}${at} to ${tag.value} at step ${step.value}`;
  }
  return `What changed from step ${a.step} to step ${step.value}`;
}

/** The same for those who do not see the picture. */
export function pictureName(): string {
  const a = compared.value;
  return `${isContribution.value ? "Contribution" : "Attention"} differences from ${a?.run}, ${a?.tag}, step ${a?.step} to step ${step.value}`;
}
