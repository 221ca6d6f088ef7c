/** A key pressed anywhere but in a field → ← → steps, ↑ ↓ layers, [ ] heads. */

import { head, layer, record, selectHead, selectLayer, shown, stepBy } from "../state";

/** Where keys have a meaning of their own. */
const fields = "input:not([type=checkbox]), select, textarea, [contenteditable], [role=listbox]";

function stepLayer(by: number): void {
  const layers = shown(record.value)?.layers.length ?? 0;
  const next = layer.value + by;
  if (next >= 0 && next < layers) selectLayer(next);
}

function stepHead(by: number): void {
  const heads = shown(record.value)?.layers[layer.value]?.heads ?? 0;
  const next = head.value + by;
  if (next >= 0 && next < heads) selectHead(layer.value, next);
}

const actions: Record<string, () => void> = {
  ArrowLeft: () => stepBy(-1),
  ArrowRight: () => stepBy(1),
  ArrowUp: () => stepLayer(-1),
  ArrowDown: () => stepLayer(1),
  "[": () => stepHead(-1),
  "]": () => stepHead(1),
};

/** A view that handled the key itself has called preventDefault. */
export function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const { target } = event;
  if (target instanceof Element && target.closest(fields) !== null) return;
  const action = actions[event.key];
  if (action === undefined) return;
  event.preventDefault();
  action();
}
