/** Display settings of the head view, for the left pane: those of the lines, or of the matrix. */

import { Checkbox } from "../../controls/checkbox";
import { QuantitySwitch } from "../../controls/quantity_switch";
import { RawTokens } from "../../controls/raw_tokens";
import { Range } from "../../controls/range";
import { Segmented } from "../../controls/segmented";
import { meaningOf } from "../../text/meanings";
import {
  type ColourScale,
  colourScale,
  gain,
  type LinesLayout,
  linesLayout,
  loadedHeads,
  mergeWords,
  numbers,
  type Specials,
  specials,
  threshold,
  shownMode,
  shownScale,
  shownThreshold,
} from "../../state";
import { ImageSettings, ScaleSetting } from "../image/image_settings";
import { later } from "../later";
import { ChosenHead } from "./chosen_head";

const SoundSettings = later((parts) => parts.SoundSettings);

const treatments: { value: Specials; name: string }[] = [
  { value: "show", name: "Show" },
  { value: "mute", name: "Mute" },
  { value: "hide", name: "Hide" },
];
const scales: { value: ColourScale; name: string }[] = [
  { value: "root", name: "√ weight" },
  { value: "linear", name: "Linear" },
  { value: "uniform", name: "× uniform" },
];
const layouts: { value: LinesLayout; name: string }[] = [
  { value: "vertical", name: "Vertical" },
  { value: "horizontal", name: "Horizontal" },
];

function LineSettings() {
  return (
    <>
      <Range
        label="Hide weights below"
        value={shownThreshold.value}
        min={0}
        max={0.1}
        step={shownThreshold.value < 0.01 ? 0.0005 : 0.005}
        format={(value) => String(Number(value.toPrecision(2)))}
        meaning={meaningOf.threshold}
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
        meaning={meaningOf.gain}
        onChange={(value) => {
          gain.value = 2 ** value;
        }}
      />
      <Segmented
        label="Layout"
        value={linesLayout.value}
        choices={layouts}
        onChange={(value) => {
          linesLayout.value = value;
        }}
      />
    </>
  );
}

function MatrixSettings() {
  return (
    <>
      <ChosenHead />
      <Segmented
        label="Colour scale"
        wide
        value={shownScale.value}
        choices={scales}
        onChange={(value) => {
          colourScale.value = value;
        }}
      />
    </>
  );
}

function Numbers() {
  return (
    <Checkbox
      label="Weights as numbers"
      checked={numbers.value}
      onChange={(value) => {
        numbers.value = value;
      }}
    />
  );
}

/** Parts of a head are drawn as they are: no words, nothing muted, one scale. */
function LongSettings() {
  return (
    <>
      <ChosenHead />
      <div>
        {shownMode.value === "matrix" && <Numbers />}
        <RawTokens />
      </div>
    </>
  );
}

export function HeadDisplay() {
  if (loadedHeads.value === "long") return <LongSettings />;
  if (shownMode.value === "image") return <ImageSettings />;
  if (shownMode.value === "sound")
    return (
      <>
        <ScaleSetting />
        <SoundSettings />
      </>
    );
  return (
    <>
      <QuantitySwitch />
      {shownMode.value === "matrix" ? <MatrixSettings /> : <LineSettings />}
      <Segmented
        label="Special tokens"
        value={specials.value}
        choices={treatments}
        onChange={(value) => {
          specials.value = value;
        }}
      />
      <div>
        <Checkbox
          label="Merge sub-words to words"
          checked={mergeWords.value}
          onChange={(value) => {
            mergeWords.value = value;
          }}
        />
        <Numbers />
        <RawTokens />
      </div>
    </>
  );
}
