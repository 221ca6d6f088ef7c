/** The views → ARIA tabs; arrow keys move between them. */

import { setView, type ViewName } from "../state";

export interface ViewTab {
  id: ViewName;
  name: string;
}

export interface ViewTabsProps {
  tabs: readonly ViewTab[];
  selected: ViewName;
}

export function ViewTabs({ tabs, selected }: ViewTabsProps) {
  const move = (event: KeyboardEvent): void => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const at = tabs.findIndex(({ id }) => id === selected);
    const next = tabs[(at + by + tabs.length) % tabs.length];
    if (next === undefined) return;
    setView(next.id);
    document.getElementById(`attn-tab-${next.id}`)?.focus();
  };
  return (
    <div class="view-tabs" role="tablist" aria-label="View" onKeyDown={move}>
      {tabs.map(({ id, name }) => (
        <button
          key={id}
          id={`attn-tab-${id}`}
          type="button"
          role="tab"
          aria-selected={id === selected}
          aria-controls="attn-view"
          tabIndex={id === selected ? 0 : -1}
          onClick={(event) => {
            setView(id);
            if (event.detail > 0) event.currentTarget.blur(); // after a mouse's click arrows mean steps
          }}
        >
          {name}
        </button>
      ))}
    </div>
  );
}
