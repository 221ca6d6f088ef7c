/** One of a few choices → buttons in one frame, of which one is pressed. */

import { ExplainedHead } from "./meaning";
import type { Choice } from "./select";

export interface SegmentedProps<T extends string> {
  /** Shown above it, unless `hideLabel`; always its accessible name. */
  label: string;
  value: T;
  choices: readonly Choice<T>[];
  onChange: (value: T) => void;
  hideLabel?: boolean;
  /** As wide as its parent. */
  wide?: boolean;
  /** Why it cannot be changed. */
  refused?: string | null;
  /** Said below it. */
  hint?: string | undefined;
  /** Behind a "?" beside the label. */
  meaning?: string;
}

export function Segmented<T extends string>(props: SegmentedProps<T>) {
  const { label, value, choices, onChange, hideLabel = false, wide = false } = props;
  const { refused = null, hint, meaning } = props;
  const note = refused ?? hint;
  return (
    <div class="field">
      {meaning !== undefined && <ExplainedHead {...{ label, meaning }} />}
      {meaning === undefined && !hideLabel && <span class="field-label">{label}</span>}
      <div class={wide ? "segmented wide" : "segmented"} role="group" aria-label={label}>
        {choices.map((choice) => (
          <button
            key={choice.value}
            type="button"
            aria-pressed={choice.value === value}
            disabled={refused !== null}
            title={note ?? ""}
            onClick={() => onChange(choice.value)}
          >
            {choice.name}
          </button>
        ))}
      </div>
      {note !== undefined && <span class="field-note">{note}</span>}
    </div>
  );
}
