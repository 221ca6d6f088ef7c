/** What of its model a record holds → "8 of 8 heads, 32 of 32 layers". */

import type { RecordHeader } from "../decoding/answers";

type Layers = Pick<RecordHeader, "layers" | "model_layers">;

const sum = (numbers: readonly number[]): number => numbers.reduce((one, other) => one + other, 0);

/** Heads of a layer where all layers have as many, else of all; null where the model's layers are not known. */
export function modelCounts({ layers, model_layers }: Layers): string | null {
  if (model_layers === undefined || layers.length === 0) return null;
  const logged = layers.map(({ heads }) => heads);
  const whole = layers.map(({ heads, model_heads }) => model_heads ?? heads);
  const areEqual = [logged, whole].every((counts) => new Set(counts).size === 1);
  const [heads, of] = areEqual ? [logged[0]!, whole[0]!] : [sum(logged), sum(whole)];
  const modules = new Set(layers.map(({ name }) => name)).size;
  return `${heads} of ${of} heads, ${modules} of ${model_layers.count} layers`;
}
