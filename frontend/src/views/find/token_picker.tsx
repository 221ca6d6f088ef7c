/** Tokens of one axis → a list in which any number of them is picked; arrow keys move, Enter and Space pick, Shift picks runs. */

import { useSignal, type Signal } from "@preact/signals";
import { useId, useMemo } from "preact/hooks";

import { formatPositions, parsePositions, positionsOf } from "../../text/positions";
import { rawTokens } from "../../state";
import { shownTokens } from "../../state/shown_tokens";
import { elide } from "../../text/tokens";

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

/** As they are written and read. */
const marks = { comma: ", ", dash: "–" };
const typed = { comma: ",", dash: "-" };

/** Tokens whose text has the wanted one, or whose positions it names: "40", "10-40", "3,10-40". */
function filtered(texts: readonly string[], wanted: string): number[] {
  const positions = new Set(parsePositions(wanted.replaceAll(/\s/g, ""), typed));
  return [...texts.keys()].filter(
    (at) => wanted === "" || texts[at]!.toLowerCase().includes(wanted) || positions.has(at),
  );
}

const moves: Readonly<Record<string, number>> = {
  ArrowRight: 1,
  ArrowDown: 1,
  ArrowLeft: -1,
  ArrowUp: -1,
  Home: -Infinity,
  End: Infinity,
};

const together = (one: readonly number[], other: readonly number[]): number[] =>
  [...new Set([...one, ...other])].sort((a, b) => a - b);

export function TokenPicker(props: TokenPickerProps) {
  const filter = useSignal("");
  return (
    <div class="token-picker">
      <PickerHead {...props} filter={filter} />
      <PickerTokens {...props} filter={filter} />
    </div>
  );
}

type PartProps = TokenPickerProps & { readonly filter: Signal<string> };

function PickerHead({ label, tokens, picked, onPick, filter }: PartProps) {
  return (
    <>
      <span class="field-label with-value">
        {label}
        {tokens.length > MANY && picked.length > 0 && (
          <span class="picker-positions">{formatPositions(picked, marks)}</span>
        )}
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
          placeholder="Text, or positions such as 3 or 10-40"
          value={filter.value}
          onInput={(event) => (filter.value = event.currentTarget.value)}
        />
      )}
    </>
  );
}

/** Adds a token to those that are picked, or takes it out; with Shift all from the last one on. */
function useToggle({ picked, onPick }: TokenPickerProps): (at: number, isRun: boolean) => void {
  const last = useSignal<number | null>(null);
  return (at, isRun) => {
    const from = last.value;
    last.value = at;
    if (isRun && from !== null)
      onPick(together(picked, positionsOf([[Math.min(from, at), Math.max(from, at)]])));
    else if (picked.includes(at)) onPick(picked.filter((each) => each !== at));
    else onPick(together(picked, [at]));
  };
}

function PickerTokens(props: PartProps) {
  const { label, tokens, picked, filter } = props;
  const active = useSignal<number | null>(null);
  const id = useId();
  const texts = useMemo(() => shownTokens(tokens), [tokens, rawTokens.value]);
  const found = filtered(texts, filter.value.toLowerCase());
  const shown = found.slice(0, MOST_SHOWN);
  const chosen = new Set(picked);
  const toggle = useToggle(props);
  const onKey = (event: KeyboardEvent): void => {
    const by = moves[event.key];
    const now = active.value === null ? -1 : shown.indexOf(active.value);
    if (by !== undefined) {
      const next = Math.min(shown.length - 1, Math.max(0, now + by));
      active.value = shown[next] ?? null;
      document.getElementById(`${id}-${active.value}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" || event.key === " ") {
      if (active.value !== null) toggle(active.value, event.shiftKey);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
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
          aria-selected={chosen.has(at)}
          title={`position ${at}: ${texts[at]!}`}
          onClick={(event) => toggle(at, event.shiftKey)}
        >
          <bdi>{elide(texts[at]!, 20)}</bdi>
        </span>
      ))}
      {found.length > shown.length && (
        <span class="picker-more">{found.length - shown.length} more, filter to see them</span>
      )}
    </div>
  );
}
