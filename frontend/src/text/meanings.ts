/** A role, a limit or a setting → what it is, for the "?" beside it; those of metrics stand with their names. */

import { metricMeaning } from "./metric_names";

/** The metric that is a role's score, and the least that it takes. */
const roles: Readonly<Record<string, readonly [metric: string, least: string]>> = {
  "previous-token": ["previous_token", ".40"],
  "same-token": ["same_token", ".40"],
  "next-token": ["next_token", ".40"],
  induction: ["induction", ".40"],
  "duplicate-token": ["duplicate_token", ".40"],
  "first-token sink": ["first_token", ".30"],
  "special-token": ["special_tokens", ".50"],
  "left patch": ["patch_left", ".40"],
  "right patch": ["patch_right", ".40"],
  "patch above": ["patch_above", ".40"],
  "patch below": ["patch_below", ".40"],
  "same row": ["same_row", ".50"],
  "same column": ["same_column", ".50"],
  "CLS token": ["cls_mass", ".50"],
  register: ["register_mass", ".50"],
};

const spread: Readonly<Record<string, string>> = {
  local: "keys near by: 1 − mean distance ÷ that of attention spread evenly, of .60 or more",
  uniform: "entropy of .95 or more: all keys alike",
  unclassified:
    "no role’s score reaches its least: the head may do something that has no name here",
};

export function roleMeaning(name: string): string {
  const [metric, least] = roles[name] ?? [];
  if (metric === undefined) return spread[name] ?? name;
  return `${metricMeaning(metric)}, of ${least} or more; where several are, the highest`;
}

const limits: Readonly<Record<string, string>> = {
  max_score:
    "A hint where a scaled score before the softmax is larger: softmax then puts all on one key, and low precision may overflow.",
  growth:
    "A hint where the largest score of a layer is this many times the median of the steps before.",
  growth_from: "Growth is looked at from this score on: below it, multiples mean little.",
  trailing: "How many steps before a step its median is taken over.",
  entropy: "A hint where a head’s entropy (0: one key, 1: all alike) falls below this.",
  drop: "The fall must also be this many times the head’s own usual deviation from step to step.",
  least_deviation:
    "A head that hardly ever moves is taken to deviate by this much, so that a tiny fall is no hint.",
  collapsed_share:
    "A hint for the layer where entropy fell in this share of its heads (.50: half).",
};

export function limitMeaning(name: string): string {
  return limits[name] ?? name;
}

/** What else has a "?". */
export const meaningOf = {
  lasting:
    "A head changed for good where the metric’s median before a step and from it on differ by this part of its scale or more, and by more than four times the head’s own noise from step to step.",
  became:
    "The head’s largest change for good, in a word: a role where it came to attend to something (“first-token sink”), “leaves …” where it ceased to, “sharpens” and “spreads out” where its entropy fell and rose, “looks nearer” and “looks farther” where its mean distance did.",
  colours:
    "Role: what the head attends to at this step. When: the step from which on it changed for good. Size: by how much. Value: the metric at this step.",
  crossing: "Heads are sorted by the first step at which the metric reaches this value.",
  dim: "Heads whose metric is lower at this step are drawn faint.",
  jsd: "Jensen–Shannon divergence between A and B, a mean over all queries: 0 where both attend alike, 1 where they share no key.",
  rank: "Change: Jensen–Shannon divergence, 0 to 1, a mean over all queries. Single: the one weight that differs most.",
  hide: "Differences of a weight that are smaller than this are not drawn.",
  threshold:
    "Lines of smaller weights are not drawn; under the picture stands how much of all weight that is.",
  gain: "How strongly a weight is drawn: 1 as it is, 2 twice as strongly. The numbers stay the same.",
} as const;
