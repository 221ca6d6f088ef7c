/** Tokens of one axis → a list in which any number of them is picked; arrow keys move, Enter and Space pick. */

import { useSignal } from "@preact/signals";
import { useId, useMemo } from "preact/hooks";

import { displayTokens, elide } from "../../tokens";

export interface TokenPickerProps {
  readonly label: string;
  readonly tokens: readonly string[];
  readonly picked: readonly number[];
  readonly onPick: (picked: number[]) => void;
}

/** More are reached by filtering. */
const MOST_SHOWN = 200;
/** Below, every token is seen at once. */
const MANY = 40;

export function TokenPicker({ label, tokens, picked, onPick }: TokenPickerProps) {
  const filter = useSignal("");
  const active = useSignal<number | null>(null);
  const id = useId();
  const texts = useMemo(() => displayTokens(tokens), [tokens]);
  const wanted = filter.value.toLowerCase();
  const found = [...texts.keys()].filter(
    (at) => wanted === "" || texts[at]!.toLowerCase().includes(wanted) || String(at) === wanted,
  );
  const shown = found.slice(0, MOST_SHOWN);
  const toggle = (at: number): void => {
    const isPicked = picked.includes(at);
    onPick(isPicked ? picked.filter((each) => each !== at) : [...picked, at].sort((a, b) => a - b));
  };
  const onKey = (event: KeyboardEvent): void => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const now = active.value === null ? -1 : shown.indexOf(active.value);
    if (by !== undefined) {
      const next = Math.min(shown.length - 1, Math.max(0, now + by));
      active.value = shown[next] ?? null;
      document.getElementById(`${id}-${active.value}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" || event.key === " ") {
      if (active.value !== null) toggle(active.value);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="token-picker">
      <span class="field-label with-value">
        {label}
        {picked.length > 0 && (
          <button type="button" class="link" onClick={() => onPick([])}>
            Clear
          </button>
        )}
      </span>
      {tokens.length > MANY && (
        <input
          class="picker-filter"
          type="search"
          aria-label={`Filter ${label.toLowerCase()}`}
          placeholder="Text or position"
          value={filter.value}
          onInput={(event) => (filter.value = event.currentTarget.value)}
        />
      )}
      <div
        class="picker-tokens"
        role="listbox"
        tabIndex={0}
        aria-label={label}
        aria-multiselectable="true"
        aria-activedescendant={active.value === null ? undefined : `${id}-${active.value}`}
        onKeyDown={onKey}
        onFocus={() => (active.value ??= picked[0] ?? shown[0] ?? null)}
        onBlur={() => (active.value = null)}
      >
        {shown.map((at) => (
          <span
            key={at}
            id={`${id}-${at}`}
            role="option"
            class={at === active.value ? "picker-token is-active" : "picker-token"}
            aria-selected={picked.includes(at)}
            title={`position ${at}`}
            onClick={() => toggle(at)}
          >
            <bdi>{elide(texts[at]!, 20)}</bdi>
          </span>
        ))}
        {found.length > shown.length && (
          <span class="picker-more">{found.length - shown.length} more, filter to see them</span>
        )}
      </div>
    </div>
  );
}
