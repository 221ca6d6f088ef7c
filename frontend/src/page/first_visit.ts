/** The browser's memory → whether this is a first visit, kept when the explanation is closed. */

import { effect } from "@preact/signals";

import { isExplained } from "../state";

const KEY = "tensorboard-plugin-attn.explained";

export type Memory = Pick<Storage, "getItem" | "setItem">;

/** null: the browser lends none to this frame; then nothing is explained that could not be closed for good. */
export function startFirstVisit(memory: Memory | null): () => void {
  isExplained.value = memory !== null && memory.getItem(KEY) === null;
  let wasExplained = isExplained.value;
  return effect(() => {
    if (wasExplained && !isExplained.value) memory?.setItem(KEY, "1");
    wasExplained = isExplained.value;
  });
}

/** A frame without rights to it throws at the mere name. */
export function memoryOf(window: Window): Memory | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
