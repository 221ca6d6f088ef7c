/** Roles at the step that is read → beside each row of the map of heads a bar: its layer's share of each role. */

import { roleAt } from "../../decoding/marked_heads";
import { metrics, readStep } from "../../state";
import { percent } from "../../text/format_number";
import { layerName } from "../../text/layer_names";
import { roleColour, roleShares, UNCLASSIFIED } from "./head_map";
import { layerShares, sharesEnd, type LayerShare } from "./layer_shares";
import { layout, shapes } from "./scene";

/** Between the heads and the bars. */
const GAP = 8;

function sharesOf(layer: number, row: number, roles: readonly string[]): LayerShare[] {
  const series = metrics.value;
  const heads = shapes.value[layer]?.heads ?? 0;
  if (series === null || row === -1) return [];
  const roleOf = (head: number): string => roleAt(series, row, layer, head)?.name ?? UNCLASSIFIED;
  return layerShares(heads, roles, roleOf);
}

/** Each role from where the one before it ends, in parts of the bar's room. */
function ink(shares: readonly LayerShare[], end: number): string {
  let from = 0;
  const parts = shares.map(({ role, share }) => {
    const to = from + (100 * share) / end;
    const part = `${roleColour(role) ?? "transparent"} ${from}% ${to}%`;
    from = to;
    return part;
  });
  return `linear-gradient(to right, ${[...parts, `transparent ${from}%`].join(", ")})`;
}

function words(layer: number, shares: readonly LayerShare[]): string {
  const named = shares.map(({ role, heads, share }) => `${role} ${heads} (${percent(share)})`);
  return `${layerName(shapes.value, layer)}: ${named.join(", ") || "no head has a role"}`;
}

export function RoleBars() {
  const { rows, width, beside = 0, cell } = layout.value;
  const row = metrics.value?.steps.indexOf(readStep.value ?? NaN) ?? -1;
  const roles = roleShares.value.map(({ name }) => name).filter((name) => name !== UNCLASSIFIED);
  const bars = rows.map(({ layer, top }) => ({ layer, top, shares: sharesOf(layer, row, roles) }));
  const end = sharesEnd(bars.map(({ shares }) => shares));
  if (roles.length === 0) return null;
  const place = { left: width - beside + GAP, width: beside - GAP };
  const label = `Share of each role in its layer's heads, bars from 0 to ${percent(end)}`;
  return (
    <div class="role-bars" role="img" aria-label={label} style={place}>
      {bars.map(({ layer, top, shares }) => (
        <i
          key={layer}
          title={words(layer, shares)}
          style={{ top, height: cell.height, backgroundImage: ink(shares, end) }}
        />
      ))}
      <span title={label}>0–{percent(end)}</span>
    </div>
  );
}
