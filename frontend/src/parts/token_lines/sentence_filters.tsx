/** Which sentence of a pair attends to which: a choice that the views share. */

import { Segmented } from "../../controls/segmented";
import { type SentenceFilter, sentenceFilter } from "../../state";
import { filterName } from "./filter_name";

const choices = (["all", "aa", "bb", "ab", "ba"] as const).map((value: SentenceFilter) => ({
  value,
  name: filterName(value),
}));

/** In the left pane it has its label and the pane's width. */
export function SentenceFilters({ inPane = false }: { readonly inPane?: boolean }) {
  return (
    <Segmented
      label="Sentences"
      hideLabel={!inPane}
      wide={inPane}
      value={sentenceFilter.value}
      choices={choices}
      onChange={(value) => {
        sentenceFilter.value = value;
      }}
    />
  );
}
