/** What gives each head of the map its colour → its switch in the left pane. */

import { Segmented } from "../../controls/segmented";
import { meaningOf } from "../../text/meanings";
import { mapColour, type MapColour } from "../../state";

const choices: readonly { value: MapColour; name: string }[] = [
  { value: "role", name: "Role" },
  { value: "when", name: "When" },
  { value: "size", name: "Size" },
  { value: "value", name: "Value" },
];

export function MapColours() {
  return (
    <Segmented
      label="Colour heads by"
      value={mapColour.value}
      choices={choices}
      meaning={meaningOf.colours}
      wide
      onChange={(by) => (mapColour.value = by)}
    />
  );
}
