/** A number between two ends → a native range with its value written over it. */

import { ExplainedHead } from "./meaning";

export interface RangeProps {
  label: string;
  value: number;
  min: number;
  max: number;
  step: number;
  /** How the value is written. */
  format?: (value: number) => string;
  /** Behind a "?" beside the label. */
  meaning?: string;
  onChange: (value: number) => void;
}

const twoDecimals = (value: number): string => value.toFixed(2);

export function Range({
  label,
  value,
  min,
  max,
  step,
  format = twoDecimals,
  meaning,
  onChange,
}: RangeProps) {
  const filled = `${((value - min) / (max - min)) * 100}%`;
  const output = <output>{format(value)}</output>;
  const Field = meaning === undefined ? "label" : "div";
  return (
    <Field class="field">
      {meaning === undefined ? (
        <span class="field-label with-value">
          {label}
          {output}
        </span>
      ) : (
        <ExplainedHead {...{ label, meaning }}>{output}</ExplainedHead>
      )}
      <input
        class="range"
        type="range"
        aria-label={label}
        aria-valuetext={format(value)}
        min={min}
        max={max}
        step={step}
        value={value}
        style={{ "--filled": filled }}
        onInput={(event) => onChange(event.currentTarget.valueAsNumber)}
      />
    </Field>
  );
}
