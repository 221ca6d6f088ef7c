/** Products of one query and one key → the order of the dimensions. */

export type Order = readonly number[];

export function storedOrder(dimensions: number): Order {
  return Array.from({ length: dimensions }, (_, dimension) => dimension);
}

/** The largest part of the sum first, so that the row reads left to right as a sum; equal ones as stored. */
export function byContribution(products: Float32Array, key: number, dimensions: number): Order {
  const part = (dimension: number): number => products[key * dimensions + dimension]! || 0;
  return [...storedOrder(dimensions)].sort((a, b) => part(b) - part(a) || a - b);
}
