/** A word and what it means → a "?" beside it that says so when it is pointed at, pressed or reached by keyboard. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

export interface MeaningProps {
  /** Without it, the element that `about` names says of what. */
  readonly of?: string;
  /** The id of the words beside it. */
  readonly about?: string;
  readonly text: string;
}

const WIDTH = 264;
/** Lower than this above the frame's end, it stands over the "?". */
const LOWEST = 120;

/** Where the words stand: fixed, so that no scrolling part clips them. */
export function meaningPlace(
  { left, top, bottom }: Pick<DOMRect, "left" | "top" | "bottom">,
  frame: { readonly width: number; readonly height: number },
): Record<string, string> {
  const at = Math.max(8, Math.min(left, frame.width - WIDTH - 8));
  const upright: Record<string, string> =
    bottom + LOWEST > frame.height
      ? { bottom: `${frame.height - top + 4}px` }
      : { top: `${bottom + 4}px` };
  return { left: `${at}px`, width: `${WIDTH}px`, ...upright };
}

/** The head of a setting, with a "?" in it: no label around both, or a press on the words would press the "?". */
export function ExplainedHead({
  label,
  meaning,
  children,
}: {
  readonly label: string;
  readonly meaning: string;
  readonly children?: ComponentChildren;
}) {
  const id = useId();
  return (
    <span class="field-label with-meaning">
      <span>
        <span id={id}>{label}</span>
        <Meaning about={id} text={meaning} />
      </span>
      {children}
    </span>
  );
}

export function Meaning({ of, about, text }: MeaningProps) {
  const id = useId();
  const place = useSignal<Record<string, string> | null>(null);
  const show = ({ currentTarget }: { readonly currentTarget: HTMLElement }): void => {
    const frame = { width: window.innerWidth, height: window.innerHeight };
    place.value = meaningPlace(currentTarget.getBoundingClientRect(), frame);
  };
  const hide = (): void => {
    place.value = null;
  };
  return (
    <>
      <button
        type="button"
        class="meaning"
        aria-label={of === undefined ? "What does this mean?" : `What is ${of}?`}
        aria-describedby={
          [about, place.value === null ? null : id].filter(Boolean).join(" ") || undefined
        }
        onPointerEnter={show}
        onPointerLeave={hide}
        onFocus={show}
        onBlur={hide}
        onClick={show}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || place.value === null) return;
          event.preventDefault();
          hide();
        }}
      />
      {place.value !== null && (
        <span id={id} class="meaning-words" role="tooltip" style={place.value}>
          {text}
        </span>
      )}
    </>
  );
}
