/** A head, or a layer → its change, as the tip shows it. */

import { MEAN, type Cell } from "../../draw/grid";
import { formatDifference, formatWeight } from "../../text/format_number";
import { headNumber } from "../../parts/heads_grid/grid_layers";
import { difference } from "./ranked";
import { shapes, shownComparison } from "./scene";
import { pairText } from "./tokens_of";
import { layerName } from "../../text/layer_names";

export function ChangeFacts({ cell }: { readonly cell: Cell }) {
  const of = shownComparison.value;
  if (of === null) return null;
  if (cell.head === MEAN) {
    return (
      <>
        <strong>{layerName(shapes.value, cell.layer)}</strong>
        <div>mean JSD of its heads {formatWeight(of.layerChange[cell.layer] ?? NaN, 3)}</div>
      </>
    );
  }
  const change = of.head(cell.layer, cell.head);
  return (
    <>
      <strong>
        {layerName(shapes.value, cell.layer)} · Head{" "}
        {headNumber(shapes.value[cell.layer], cell.head)}
      </strong>
      <table>
        <tbody>
          <tr>
            <th scope="row">change (JSD)</th>
            <td>{formatWeight(change.change, 3)}</td>
          </tr>
          <tr>
            <th scope="row">{pairText(cell.layer, change.query, change.key)}</th>
            <td>{formatDifference(difference(change))}</td>
          </tr>
          <tr>
            <th scope="row">from A to B</th>
            <td>
              {formatWeight(change.before)} → {formatWeight(change.after)}
            </td>
          </tr>
        </tbody>
      </table>
      <div class="head-tip-hint">Click to open</div>
    </>
  );
}
