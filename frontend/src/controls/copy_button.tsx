/** A text → a button that copies it and says so. */

import { useSignal } from "@preact/signals";

import { copyText } from "../saving/clipboard";

export interface CopyButtonProps {
  name: string;
  /** Asked for when pressed. */
  text: () => string;
  class?: string;
}

/** Milliseconds that the button says what it did. */
const TOLD = 2000;

export function CopyButton({ name, text, class: look = "link" }: CopyButtonProps) {
  const said = useSignal<string | null>(null);
  const copy = async (): Promise<void> => {
    said.value = (await copyText(text())) ? "Copied" : "Not copied";
    setTimeout(() => (said.value = null), TOLD);
  };
  return (
    <button type="button" class={look} aria-live="polite" onClick={() => void copy()}>
      {said.value ?? name}
    </button>
  );
}
