/** What colours the map of heads → the ends of its scale, and what the colours of a printed one mean. */

import { cssOf, rgbOf, scaleColours, sequentialTable } from "../../draw/colour";
import type { Mark } from "../../draw/figure";
import { colourOf } from "../../draw/theme";
import { mapColour, markAbove, metrics, shownMetric, theme } from "../../state";
import { formatStep, formatWeight } from "../../text/format_number";
import { metricTitle, metricUnit } from "../../text/metric_names";
import { LEAST_SHADE, roleShares } from "./head_map";
import { histories } from "./scene";

export function scaleEnds(): readonly [least: string, most: string, words: string] {
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

export function stillText(): string {
  return `no change by ${formatWeight(markAbove.value)} or more`;
}

export function mapMarks(): Mark[] {
  const none = cssOf(rgbOf(colourOf("track", theme.value)));
  if (mapColour.value === "role")
    return roleShares.value.map(({ name, heads, colour }) => ({
      kind: "box",
      colour: colour === "" ? none : colour,
      text: `${name} ${heads.toLocaleString("en")}`,
    }));
  const [from, to, text] = scaleEnds();
  const table = sequentialTable(theme.value);
  const colours = scaleColours(table.subarray(Math.round(LEAST_SHADE * (table.length - 1))));
  const scale: Mark = { kind: "scale", colours, from, to, text };
  return mapColour.value === "value"
    ? [scale]
    : [scale, { kind: "box", colour: none, text: stillText() }];
}
