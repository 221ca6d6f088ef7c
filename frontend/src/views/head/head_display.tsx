/** Display settings of the head view, for the left pane. */

import { Checkbox } from "../../controls/checkbox";
import { Range } from "../../controls/range";
import { Segmented } from "../../controls/segmented";
import { gain, numbers, type Specials, specials, threshold } from "../../state";

const treatments: { value: Specials; name: string }[] = [
  { value: "show", name: "Show" },
  { value: "mute", name: "Mute" },
  { value: "hide", name: "Hide" },
];

export function HeadDisplay() {
  return (
    <>
      <Range
        label="Hide weights below"
        value={threshold.value}
        min={0}
        max={0.1}
        step={0.005}
        format={(value) => value.toFixed(value * 100 === Math.round(value * 100) ? 2 : 3)}
        onChange={(value) => {
          threshold.value = value;
        }}
      />
      <Range
        label="Gain"
        value={Math.log2(gain.value)}
        min={-4}
        max={4}
        step={0.25}
        format={(value) => (2 ** value).toFixed(value < 0 ? 2 : 1)}
        onChange={(value) => {
          gain.value = 2 ** value;
        }}
      />
      <Segmented
        label="Special tokens"
        value={specials.value}
        choices={treatments}
        onChange={(value) => {
          specials.value = value;
        }}
      />
      <Checkbox
        label="Weights as numbers"
        checked={numbers.value}
        onChange={(value) => {
          numbers.value = value;
        }}
      />
    </>
  );
}
