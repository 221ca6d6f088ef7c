/** Lines or matrix; over the picture or the sound where there is one. */

import { Segmented } from "../../controls/segmented";
import { type HeadMode, headMode, possibleModes, shownMode } from "../../state";

const names: Readonly<Record<HeadMode, string>> = {
  lines: "Lines",
  matrix: "Matrix",
  image: "Image",
  sound: "Sound",
};

export function ModeSwitch() {
  return (
    <Segmented
      label="Picture"
      hideLabel
      value={shownMode.value}
      choices={possibleModes.value.map((value) => ({ value, name: names[value] }))}
      onChange={(value) => {
        headMode.value = value;
      }}
    />
  );
}
