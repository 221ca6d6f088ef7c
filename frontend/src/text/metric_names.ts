/** A metric's name in the file → its name on the screen, and what it measures. */

const titles: Readonly<Record<string, string>> = {
  change_previous: "change from previous step",
  change_first: "change from first step",
  max_score: "largest score",
  contribution_entropy: "entropy of contributions",
  contribution_mean_distance: "contribution distance",
  contribution_first_token: "contribution of the first token",
  contribution_special_tokens: "contribution of special tokens",
  seconds_distance: "distance in seconds",
  cls_mass: "weight on CLS",
  register_mass: "weight on registers",
  image_mass: "weight on the image",
  text_mass: "weight on text",
  cls_to_image: "CLS to image",
  sink: "share of the sink",
};

export function metricTitle(name: string): string {
  return titles[name] ?? name.replaceAll("_", " ");
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Of metrics that are no part of a whole and no plain number. */
const units: Readonly<Record<string, string>> = {
  mean_distance: "tokens",
  contribution_mean_distance: "tokens",
  patch_distance: "px",
  seconds_distance: "s",
};

/** "" for a metric without a unit. */
export function metricUnit(name: string | null): string {
  return units[name ?? ""] ?? "";
}

/** A number or two in the metric's unit: "0–13 tokens". */
export function inUnit(text: string, name: string | null): string {
  const unit = metricUnit(name);
  return unit === "" ? text : `${text} ${unit}`;
}

const meanings: Readonly<Record<string, string>> = {
  entropy: "how evenly a query spreads its weight: 0 on one key, 1 on all alike",
  mean_distance: "tokens between a query and its keys, on average by weight",
  confidence: "largest weight of a query, on average",
  previous_token: "weight on the token before the query, on average",
  same_token: "weight on the query's own token, on average",
  next_token: "weight on the token after the query, on average",
  first_token: "weight on the first token, on average",
  special_tokens: "weight on special tokens such as [CLS] and [SEP], on average",
  duplicate_token: "weight on earlier copies of the query’s token, on average",
  induction: "weight on what followed earlier copies of the query’s token, on average",
  max_score: "largest scaled score before the softmax",
  diagonality: "how closely cross-attention runs along the diagonal",
  focus_rate: "largest weight of each cross-attention query, on average",
  sink: "part of a query's weight that lies on no key, on average",
  patch_distance: "pixels between a patch and those it looks at, on average by weight",
  seconds_distance: "seconds between a frame and those it looks at, on average by weight",
  patch_left: "weight on the patch to the left, over the patches that have one",
  patch_right: "weight on the patch to the right, over the patches that have one",
  patch_above: "weight on the patch above, over the patches that have one",
  patch_below: "weight on the patch below, over the patches that have one",
  same_row: "weight on the other patches of the patch's row",
  same_column: "weight on the other patches of the patch's column",
  image_mass: "weight on patches, on average over all queries",
  text_mass: "weight on words, on average over all queries",
  cls_mass: "weight on CLS, on average over all queries",
  register_mass: "weight on registers, on average over all queries",
  image_to_image: "weight of a patch on patches, on average",
  text_to_image: "weight of a word on patches, on average",
  image_to_text: "weight of a patch on words, on average",
  cls_to_image: "weight of CLS on patches",
  change_previous: "Jensen–Shannon divergence from the pattern of the step before",
  change_first: "Jensen–Shannon divergence from the pattern of the first step",
  contribution_entropy:
    "how evenly what is moved to a query comes from its keys: 0 from one key, 1 from all alike",
  contribution_mean_distance:
    "tokens between a query and its keys, on average by what comes from each",
  contribution_first_token: "share of what is moved that comes from the first token, on average",
  contribution_special_tokens:
    "share of what is moved that comes from special tokens such as [CLS] and [SEP], on average",
  effect:
    "the objective’s change with a little more of the head, ∂objective/∂gate; of a loss, below zero means the head helps",
  ablation:
    "the objective with the head minus without it; of a loss, below zero means the head helps",
};

export function metricMeaning(name: string): string {
  return meanings[name] ?? metricTitle(name);
}

/** In a sentence, behind a "?"; null: no metric. */
export function metricSaid(name: string | null, tracked: ReadonlySet<string>): string | undefined {
  if (name === null) return undefined;
  if (!tracked.has(name)) return `${capital(metricTitle(name))}: ${metricMeaning(name)}.`;
  const [query, key] = name.split("→");
  return `${name.replace("→", " → ")}: the weight that ${query} puts on ${key}, 0 to 1, a mean over their tokens.`;
}

/** For a select: tracked token pairs first. */
export function metricChoices(
  names: readonly string[],
  tracked: ReadonlySet<string>,
): { value: string; name: string }[] {
  const pairs = names.filter((name) => tracked.has(name));
  const others = names.filter((name) => !tracked.has(name));
  return [
    ...pairs.map((name) => ({ value: name, name: `Token pair: ${name.replace("→", " → ")}` })),
    ...others.map((name) => ({ value: name, name: capital(metricTitle(name)) })),
  ];
}
