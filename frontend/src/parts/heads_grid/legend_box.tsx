/** A legend that may be longer than its two lines → a box that scrolls, and takes the keyboard only while it does. */

import type { ComponentChildren } from "preact";
import { useCallback, useRef, useState } from "preact/hooks";

import { useMeasured } from "../measured";

/** Width of the grid's column below which a scale is shorter. */
const NARROW = 560;

export interface LegendBoxProps {
  readonly class?: string;
  readonly children: ComponentChildren;
}

export function LegendBox({ class: name = "", children }: LegendBoxProps) {
  const element = useRef<HTMLDivElement>(null);
  const [isLong, setIsLong] = useState(false);
  const [isNarrow, setIsNarrow] = useState(false);
  const measure = useCallback(({ scrollHeight, clientHeight, offsetParent }: HTMLElement) => {
    setIsLong(scrollHeight > clientHeight + 1);
    setIsNarrow((offsetParent?.clientWidth ?? NARROW) < NARROW);
  }, []);
  useMeasured(element, measure);
  return (
    <div
      ref={element}
      class={`model-legend ${name} ${isNarrow ? "is-narrow" : ""}`}
      role="group"
      aria-label="Legend"
      {...(isLong && { tabIndex: 0 })}
    >
      {children}
    </div>
  );
}
