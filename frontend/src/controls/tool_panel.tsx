/** A title and content → the panel at the right of the view, closed by its button or Escape. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { toolPanel } from "../state";

export interface ToolPanelProps {
  readonly title: string;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function ToolPanelFrame({ title, aside, children }: ToolPanelProps) {
  const panel = useRef<HTMLElement>(null);
  const close = (): void => {
    toolPanel.value = null;
  };
  useEffect(() => {
    const before = document.activeElement;
    const isByHand = before instanceof HTMLElement && before !== document.body;
    if (isByHand) panel.current?.focus({ preventScroll: true });
    return () => {
      const isLost = document.activeElement === null || document.activeElement === document.body;
      if (isByHand && isLost) before.focus();
    };
  }, []);
  return (
    <aside
      ref={panel}
      id="attn-panel"
      class="tool-panel"
      aria-label={title}
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.key === "Escape" && !event.defaultPrevented) close();
      }}
    >
      <header class="side-header">
        <h2>{title}</h2>
        {aside}
        <button type="button" class="panel-close" aria-label={`Close ${title}`} onClick={close}>
          ×
        </button>
      </header>
      {children}
    </aside>
  );
}
