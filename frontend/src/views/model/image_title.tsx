/** What the maps of the grid are of → its title, and chips to choose another query or key. */

import {
  chosenList,
  chosenWords,
  knownHeader,
  shownDirection,
  shownPosition,
  step,
} from "../../state";
import { WordChips } from "../../parts/picture_map/word_chips";
import { positionName } from "../../text/patch_names";
import { pickChoice, pointChoice } from "../image/choosing";

export function imageTitle(): string {
  const [header, list, at] = [knownHeader.value, chosenList.value, shownPosition.value];
  if (header === undefined || list === null || at === null) return "";
  const name = positionName(header, list, at);
  return shownDirection.value === "keys"
    ? `Where ${name} looks at step ${step.value}, in every head`
    : `Which patches look at ${name} at step ${step.value}, in every head`;
}

export function ImageChips() {
  const isByQuery = shownDirection.value === "keys";
  return (
    <div class="image-chips is-model">
      {chosenWords.value.length > 0 && <span>{isByQuery ? "query" : "key"}</span>}
      <WordChips
        label={
          isByQuery ? "Words and special positions as query" : "Words and special positions as key"
        }
        list={chosenList.value ?? "tokens"}
        positions={chosenWords.value}
        chosen={shownPosition.value}
        times={null}
        onPoint={pointChoice}
        onPick={pickChoice}
      />
    </div>
  );
}
