/** What colours the map of heads → its legend: roles with their counts, or a scale. */

import { formatStep, formatWeight } from "../../text/format_number";
import { mapColour, markAbove, metrics, shownMetric } from "../../state";
import { Meaning } from "../../controls/meaning";
import { roleMeaning } from "../../text/meanings";
import { capital, metricTitle, metricUnit } from "../../text/metric_names";
import { roleShares } from "./head_map";
import { histories } from "./scene";

/** `hasBars`: each row has its layer's shares beside it. */
export function MapLegend({ hasBars = false }: { readonly hasBars?: boolean }) {
  return mapColour.value === "role" ? <Roles hasBars={hasBars} /> : <Scale />;
}

function Roles({ hasBars }: { readonly hasBars: boolean }) {
  return (
    <>
      {roleShares.value.map(({ name, heads, colour }) => (
        <span key={name} class="legend-item">
          <i class="legend-square" style={colour === "" ? {} : { background: colour }} />
          {name} {heads.toLocaleString("en")}
          <Meaning of={`“${name}”`} text={`${capital(roleMeaning(name))}.`} />
        </span>
      ))}
      {hasBars && roleShares.value.length > 1 && (
        <span class="legend-item">bars: shares of a layer’s heads</span>
      )}
    </>
  );
}

function ends(): readonly [least: string, most: string, words: string] {
  const steps = metrics.value?.steps ?? [];
  const scale = histories.value?.scale ?? { least: 0, most: 1 };
  switch (mapColour.value) {
    case "when":
      return [
        `step ${formatStep(steps[0] ?? 0)}`,
        formatStep(steps.at(-1) ?? 0),
        "when the head changed for good",
      ];
    case "size":
      return ["0", "1", "size of the lasting change, in parts of its metric’s scale"];
    default:
      return [
        `${scale.least}`,
        `${scale.most}`,
        [metricTitle(shownMetric.value ?? ""), metricUnit(shownMetric.value)]
          .filter(Boolean)
          .join(", "),
      ];
  }
}

function Scale() {
  const [least, most, words] = ends();
  return (
    <>
      <span class="legend-scale">
        <span class="legend-bar is-map">
          <span class="legend-gradient" />
          <span class="legend-ticks">
            <span>{least}</span>
            <span>{most}</span>
          </span>
        </span>
        <span>{words}</span>
      </span>
      {mapColour.value !== "value" && (
        <span class="legend-item">
          <i class="legend-square" />
          no change by {formatWeight(markAbove.value)} or more
        </span>
      )}
    </>
  );
}
