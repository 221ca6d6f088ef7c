/** What the maps of the grid are of → its title, and chips to choose another query or key. */

import {
  chosenList,
  chosenWords,
  headMaps,
  isContribution,
  knownHeader,
  shown,
  shownDirection,
  shownPosition,
} from "../../state";
import { WordChips } from "../../parts/picture_map/word_chips";
import { positionName } from "../../text/patch_names";
import { pickChoice, pointChoice } from "../image/choosing";
import { formatStep } from "../../text/format_number";

/** Of the maps that are drawn: while others are on their way these are the ones before them. */
export function imageTitle(): string {
  const [header, maps] = [knownHeader.value, shown(headMaps.value)];
  if (header === undefined || maps === undefined) return "Every head over the picture";
  const name = positionName(header, maps.list, maps.at);
  const where = `at step ${formatStep(maps.step)}, in every head`;
  if (maps.side === "query")
    return isContribution.value ? `What moves to ${name} ${where}` : `Where ${name} looks ${where}`;
  return isContribution.value
    ? `Which patches ${name} moves to ${where}`
    : `Which patches look at ${name} ${where}`;
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
