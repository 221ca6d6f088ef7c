/** Lines or matrix. */

import { Segmented } from "../../controls/segmented";
import { type HeadMode, headMode, shownMode } from "../../state";

const modes: { value: HeadMode; name: string }[] = [
  { value: "lines", name: "Lines" },
  { value: "matrix", name: "Matrix" },
];

export function ModeSwitch() {
  return (
    <Segmented
      label="Picture"
      hideLabel
      value={shownMode.value}
      choices={modes}
      onChange={(value) => {
        headMode.value = value;
      }}
    />
  );
}
