/** What to compare with and how to show it → controls in the left pane. */

import { QuantitySwitch } from "../../controls/quantity_switch";
import { Range } from "../../controls/range";
import { RawTokens } from "../../controls/raw_tokens";
import { Segmented } from "../../controls/segmented";
import { Select } from "../../controls/select";
import {
  changePicture,
  directions,
  shownChange,
  comparableRuns,
  comparableTags,
  compareChoice,
  comparedPlace,
  compareWith,
  hideBelow,
  rankBy,
  showKept,
  step,
  type ChangePicture,
  type CompareChoice,
  type Ranking,
  isContribution,
} from "../../state";
import { Checkbox } from "../../controls/checkbox";
import { meaningOf } from "../../text/meanings";
import { formatStep } from "../../text/format_number";

const rankings: readonly { value: Ranking; name: string }[] = [
  { value: "change", name: "Change (JSD, mean over rows)" },
  { value: "single", name: "Largest single change" },
  { value: "number", name: "Head number" },
];

const pictures: readonly { value: ChangePicture; name: string }[] = [
  { value: "matrix", name: "Matrix" },
  { value: "lines", name: "Lines" },
];

const image = { value: "image", name: "Image" } as const;

/** Only what there is to compare with. */
function choices(): { value: CompareChoice; name: string }[] {
  return [
    { value: "first", name: "First" },
    { value: "previous", name: "Previous" },
    ...(comparableRuns.value.length > 0 ? [{ value: "run" as const, name: "Other run" }] : []),
    ...(comparableTags.value.length > 0 ? [{ value: "tag" as const, name: "Probe" }] : []),
  ];
}

/** Which run or probe, where there are several. */
function Other() {
  const choice = compareChoice.value;
  if (choice !== "run" && choice !== "tag") return null;
  const names = choice === "run" ? comparableRuns.value : comparableTags.value;
  const now = comparedPlace.value[choice];
  const all = names.includes(now) ? names : [now, ...names];
  if (all.length < 2) return null;
  return (
    <Select
      label={choice === "run" ? "Run A" : "Probe A"}
      value={now}
      choices={all.map((name) => ({ value: name, name }))}
      onChange={(name) => compareWith(choice, name)}
    />
  );
}

export function CompareDisplay() {
  return (
    <>
      <div class="compare-with">
        <Segmented
          label={`Compare step ${formatStep(step.value)} with`}
          value={compareChoice.value ?? ""}
          choices={choices()}
          wide
          onChange={(choice) => choice !== "" && compareWith(choice)}
        />
      </div>
      <Other />
      <QuantitySwitch />
      <Select
        label="Rank heads by"
        value={rankBy.value}
        choices={rankings}
        meaning={meaningOf.rank}
        onChange={(by) => (rankBy.value = by)}
      />
      <Range
        label="Hide differences below"
        value={hideBelow.value}
        min={0}
        max={0.2}
        step={0.005}
        format={(value) => value.toFixed(value % 0.01 === 0 ? 2 : 3)}
        meaning={meaningOf.hide}
        onChange={(value) => (hideBelow.value = value)}
      />
      <Segmented
        label="Chosen head"
        value={shownChange.value}
        choices={[...pictures, ...(directions.value.length > 0 ? [image] : [])]}
        wide
        onChange={(picture) => (changePicture.value = picture)}
      />
      {shownChange.value === "lines" && (
        <Checkbox
          label={isContribution.value ? "Contributions that both have" : "Weights that both have"}
          checked={showKept.value}
          onChange={(isShown) => (showKept.value = isShown)}
        />
      )}
      <RawTokens />
    </>
  );
}
