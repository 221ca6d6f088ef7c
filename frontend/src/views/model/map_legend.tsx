/** What colours the map of heads → its legend: roles with their counts, or a scale. */

import { mapColour } from "../../state";
import { Meaning } from "../../controls/meaning";
import { roleMeaning } from "../../text/meanings";
import { capital } from "../../text/metric_names";
import { roleShares } from "./head_map";
import { scaleEnds, stillText } from "./map_marks";

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

function Scale() {
  const [least, most, words] = scaleEnds();
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
          {stillText()}
        </span>
      )}
    </>
  );
}
