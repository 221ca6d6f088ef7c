/** How a sound and its words are drawn and played → controls in the left pane. */

import { Checkbox } from "../../controls/checkbox";
import { Segmented } from "../../controls/segmented";
import {
  areSpecialsListed,
  isPathDrawn,
  layer,
  playSpeed,
  type PlaySpeed,
  record,
  shown,
} from "../../state";

const speeds: readonly { value: PlaySpeed; name: string }[] = [
  { value: "0.5", name: "½ ×" },
  { value: "1", name: "1 ×" },
  { value: "2", name: "2 ×" },
];

export function SoundSettings() {
  const header = shown(record.value);
  const shape = header?.layers[layer.value];
  const hasSpecials = shape !== undefined && (header?.special[shape.query_tokens]?.length ?? 0) > 0;
  return (
    <>
      {shape?.kind === "cross" && (
        <div>
          <Checkbox
            label="Path through the weights"
            checked={isPathDrawn.value}
            onChange={(isOn) => (isPathDrawn.value = isOn)}
          />
          {hasSpecials && (
            <Checkbox
              label="Special tokens"
              checked={areSpecialsListed.value}
              onChange={(isOn) => (areSpecialsListed.value = isOn)}
            />
          )}
        </div>
      )}
      <Segmented
        label="Play speed"
        wide
        value={playSpeed.value}
        choices={speeds}
        onChange={(speed) => (playSpeed.value = speed)}
      />
    </>
  );
}
