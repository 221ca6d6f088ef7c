/** Settings of the model view → their controls in the left pane. */

import { batch } from "@preact/signals";

import { QuantitySwitch } from "../../controls/quantity_switch";
import { Range } from "../../controls/range";
import { RawTokens } from "../../controls/raw_tokens";
import { Segmented } from "../../controls/segmented";
import { Select } from "../../controls/select";
import {
  cellMetric,
  dimBelow,
  sortBy,
  directions,
  shownThumbnails,
  thumbnailStyle,
  type ThumbnailStyle,
  definedMetrics,
  shownMetric,
  tracked,
  presentMetric,
} from "../../state";
import { meaningOf } from "../../text/meanings";
import { metricChoices, metricSaid } from "../../text/metric_names";
import { SentenceFilters } from "../../parts/token_lines/sentence_filters";
import { ImageSettings } from "../image/image_settings";
import { MapColours } from "./map_colours";
import { histories, isMap } from "./scene";
import { isPair } from "./sentence_part";

const styles: readonly { value: ThumbnailStyle; name: string }[] = [
  { value: "heat", name: "Heat map" },
  { value: "lines", name: "Lines" },
];

const image = { value: "image", name: "Image" } as const;

/** Another metric has another scale, so the limit for dimming starts again. */
function showMetric(name: string): void {
  batch(() => {
    cellMetric.value = name;
    dimBelow.value = 0;
  });
}

export function ModelDisplay() {
  const names = definedMetrics.value;
  const sorted = presentMetric(sortBy.value);
  const choices = metricChoices(names, tracked.value);
  const { least, most } = histories.value?.scale ?? { least: 0, most: 1 };
  return (
    <>
      {isMap.value && <MapColours />}
      <QuantitySwitch />
      <Segmented
        label="Thumbnails"
        value={shownThumbnails.value}
        choices={[...styles, ...(directions.value.length > 0 ? [image] : [])]}
        wide
        onChange={(style) => (thumbnailStyle.value = style)}
      />
      {shownThumbnails.value === "image" && <ImageSettings />}
      {isPair.value && <SentenceFilters inPane />}
      <Select
        label="Sort heads by"
        value={names.includes(sorted) ? sorted : "number"}
        choices={[{ value: "number", name: "Head number" }, ...choices]}
        meaning={names.includes(sorted) ? metricSaid(sorted, tracked.value) : undefined}
        onChange={(name) => (sortBy.value = name)}
      />
      <Select
        label="Metric under each head"
        value={shownMetric.value ?? ""}
        choices={choices}
        meaning={metricSaid(shownMetric.value, tracked.value)}
        onChange={showMetric}
      />
      <Range
        label="Dim heads below"
        value={dimBelow.value}
        min={Math.min(0, least)}
        max={most}
        step={(most - least) / 100}
        meaning={meaningOf.dim}
        onChange={(value) => (dimBelow.value = value)}
      />
      <RawTokens />
    </>
  );
}
