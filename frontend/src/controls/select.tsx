/** One of many choices → a native select in the tab's look. */

import { ExplainedHead } from "./meaning";

export interface Choice<T extends string | number> {
  value: T;
  name: string;
}

export interface SelectProps<T extends string | number> {
  /** Shown above it, unless `hideLabel`; always its accessible name. */
  label: string;
  value: T;
  choices: readonly Choice<T>[];
  onChange: (value: T) => void;
  hideLabel?: boolean;
  /** Behind a "?" beside the label. */
  meaning?: string | undefined;
}

export function Select<T extends string | number>(props: SelectProps<T>) {
  const { label, value, choices, onChange, hideLabel = false, meaning } = props;
  const Field = meaning === undefined ? "label" : "div";
  return (
    <Field class="field">
      {meaning !== undefined && <ExplainedHead {...{ label, meaning }} />}
      {meaning === undefined && !hideLabel && <span class="field-label">{label}</span>}
      <select
        class="select"
        aria-label={label}
        value={value}
        onChange={(event) => {
          const picked = choices[event.currentTarget.selectedIndex];
          if (picked !== undefined) onChange(picked.value);
        }}
      >
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value} selected={choice.value === value}>
            {choice.name}
          </option>
        ))}
      </select>
    </Field>
  );
}
