/** Numbers by token and head → a row for each head under tokens that stand side by side. */

import { backgroundColour, cssOf, inkOn, mix, rgbOf } from "../../draw/colour";
import { formatWeight } from "../../text/format_number";
import { numbers, theme } from "../../state";
import type { Axis } from "../../parts/token_lines/axis";
import type { ShownHead } from "../../parts/token_lines/line_canvas";
import { SIDE_PITCH } from "../../parts/token_lines/side_lines";
import { rowsInWindow, type ScrollWindow } from "../../parts/token_lines/use_window";
import type { WeightRows } from "./weight_rows";

export interface SideTableProps {
  rows: WeightRows;
  axis: Axis;
  /** In short. */
  layer: string;
  heads: readonly ShownHead[];
  names: readonly string[];
  seen: ScrollWindow;
}

const fullTint = 0.85;
/** Weights that are written as .00 or .01 stay quiet. */
const quietBelow = 0.015;

interface CellProps {
  value: number;
  colour: string;
  left: number;
  title: string;
}

function Cell({ value, colour, left, title }: CellProps) {
  const tint = Math.min(1, value || 0) * fullTint;
  const background = mix(rgbOf(colour), backgroundColour(theme.value), tint);
  const quiet = !(value >= quietBelow);
  const painted = quiet ? {} : { background: cssOf(background), color: inkOn(background) };
  return (
    <span
      role="cell"
      class={quiet ? "is-quiet" : ""}
      style={{ left: `${left}px`, ...painted }}
      title={title}
    >
      {(numbers.value || !(value >= 0)) && formatWeight(value)}
    </span>
  );
}

function HeadRow({ props, at }: { props: SideTableProps; at: number }) {
  const { rows, axis, layer, heads, names, seen } = props;
  const { head, colour } = heads[at]!;
  const { first, end } = rowsInWindow(seen, SIDE_PITCH, axis.rows.length);
  const values = rows.byHead[at]!;
  return (
    <div role="row" class="side-row" aria-label={`Head ${names[head]}`}>
      <span role="rowheader" class="side-name">
        <span style={{ borderColor: colour }}>
          {layer}.{names[head]}
        </span>
      </span>
      {axis.rows
        .slice(first, end)
        .map(
          ({ token, text, off }, place) =>
            !off && (
              <Cell
                key={token}
                value={values[token]!}
                colour={colour}
                left={(first + place) * SIDE_PITCH}
                title={`head ${names[head]}, ${text}: ${formatWeight(values[token]!, 4)}`}
              />
            ),
        )}
    </div>
  );
}

export function SideTable(props: SideTableProps) {
  const { rows, heads } = props;
  const masses = rows.hidden.map(({ caption, mean }) => `${caption}: ${formatWeight(mean)}, mean`);
  return (
    <>
      <div class="side-table" role="table" aria-label="Weights">
        {heads.map(({ head }, at) => (
          <HeadRow key={head} props={props} at={at} />
        ))}
      </div>
      {[...masses, ...(rows.uniform === null ? [] : [rows.uniform])].map((line) => (
        <p key={line} class="side-note">
          {line}
        </p>
      ))}
    </>
  );
}
