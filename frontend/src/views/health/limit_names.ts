/** The server's limits of hints → their names on the screen and how they are set. */

export interface LimitName {
  readonly name: string;
  readonly title: string;
  readonly step: number;
}

export const limitNames: readonly LimitName[] = [
  { name: "max_score", title: "Score above", step: 10 },
  { name: "growth", title: "Score above its trailing median, times", step: 0.5 },
  { name: "growth_from", title: "… once it is above", step: 5 },
  { name: "trailing", title: "… steps in that median", step: 1 },
  { name: "entropy", title: "Entropy below", step: 0.01 },
  { name: "drop", title: "… after a fall of so many usual deviations", step: 0.5 },
  { name: "least_deviation", title: "… a deviation being at least", step: 0.005 },
  { name: "collapsed_share", title: "Share of collapsed heads in a layer", step: 0.05 },
];

const kinds: Readonly<Record<string, string>> = {
  fewer_layers: "Fewer layers than the model",
  fewer_heads: "Fewer heads than the model",
  kernel_differs: "Weights are not what ran",
  nan: "NaN in the weights",
  row_sum: "Rows do not sum to 1",
  masked: "Weight on masked keys",
  mask_changed: "The mask changed",
  max_score: "Large score",
  max_score_growth: "Score grew fast",
  entropy_collapse: "Entropy fell",
  collapsed_layer: "Entropy fell in most heads",
};

const ofWeights = [
  "nan",
  "row_sum",
  "masked",
  "mask_changed",
  "entropy_collapse",
  "collapsed_layer",
];
const ofScores = ["max_score", "max_score_growth"];

/** Kinds of hints that any record is searched for, and those that need logged scores. */
export function lookedFor(hasScores: boolean): readonly string[] {
  return hasScores ? [...ofWeights, ...ofScores] : ofWeights;
}

export function kindTitle(kind: string): string {
  return kinds[kind] ?? kind.replaceAll("_", " ");
}
