/** A metric's name in the file → its name on the screen, and what it measures. */

export function metricTitle(name: string): string {
  return name.replaceAll("_", " ");
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
};

export function metricMeaning(name: string): string {
  return meanings[name] ?? metricTitle(name);
}
