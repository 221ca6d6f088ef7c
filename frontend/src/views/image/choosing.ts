/** A pointed or picked position → the selection, on the side that the direction of the maps says. */

import { batch } from "@preact/signals";

import {
  hoverKey,
  hoverQuery,
  isOneList,
  key,
  panel,
  pinKey,
  pinQuery,
  query,
  shownDirection,
} from "../../state";

const isByQuery = (): boolean => shownDirection.peek() === "keys";

/** Of the side that is chosen. */
export function pointChoice(position: number | null): void {
  (isByQuery() ? hoverQuery : hoverKey).value = position;
}

export function pickChoice(position: number): void {
  if (isByQuery()) pinQuery(position);
  else pinKey(position);
}

export function freeChoice(): void {
  batch(() => {
    query.value = key.value = null;
    pointChoice(null);
  });
}

/** Of the side that the map shows. */
export function pointRead(patch: number): void {
  const position = patch === -1 ? null : (panel.peek()?.positions[patch] ?? null);
  (isByQuery() ? hoverKey : hoverQuery).value = position;
}

/** On the large picture: where patches can be chosen, they are; else they are read. */
export function pointPicture(patch: number): void {
  if (!isOneList.peek()) return pointRead(patch);
  pointChoice(patch === -1 ? null : (panel.peek()?.positions[patch] ?? null));
}

export function pickPicture(patch: number): void {
  const position = panel.peek()?.positions[patch];
  if (position !== undefined && isOneList.peek()) pickChoice(position);
}
