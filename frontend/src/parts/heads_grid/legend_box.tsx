/** A legend that may be longer than its two lines → a box that scrolls, and takes the keyboard only while it does. */

import type { ComponentChildren } from "preact";
import { useCallback, useRef, useState } from "preact/hooks";

import { useMeasured } from "../measured";

export interface LegendBoxProps {
  readonly class?: string;
  readonly children: ComponentChildren;
}

export function LegendBox({ class: name = "", children }: LegendBoxProps) {
  const element = useRef<HTMLDivElement>(null);
  const [isLong, setIsLong] = useState(false);
  const measure = useCallback(
    ({ scrollHeight, clientHeight }: HTMLElement) => setIsLong(scrollHeight > clientHeight + 1),
    [],
  );
  useMeasured(element, measure);
  return (
    <div
      ref={element}
      class={`model-legend ${name}`}
      role="group"
      aria-label="Legend"
      {...(isLong && { tabIndex: 0 })}
    >
      {children}
    </div>
  );
}
