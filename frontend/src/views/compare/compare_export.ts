/** A comparison → its picture as data: grid, list of heads and the chosen head; and every head's change. */

import { divergingTable, scaleColours } from "../../draw/colour";
import type { Mark } from "../../draw/figure";
import type { Table, Value } from "../../text/csv";
import { moveShape, papers, type Shape } from "../../draw/picture";
import type { Exported } from "../../saving/exported";
import { formatDifference, formatWeight } from "../../text/format_number";
import { compared, comparedPlace, run, step, tag, theme, quantityText } from "../../state";
import { headNumber } from "../../parts/heads_grid/grid_layers";
import { gridPicture, paintedGrid } from "../../parts/heads_grid/grid_picture";
import { changeColour } from "./chosen_pair";
import { chosenShapes } from "./chosen_picture";
import { CHANGED, difference } from "./ranked";
import {
  areStillShown,
  columnCaption,
  layout,
  paint,
  ranked,
  shapes,
  shownComparison,
  stillLayers,
  stillText,
} from "./scene";
import { compareTitle } from "./title";
import { comparedTokens, pairText } from "./tokens_of";
import { layerShort } from "../../text/layer_names";

const GAP = 32;
const EDGE = 16;
const TOP = 76;
const ROW = 24;
const MOST_ROWS = 12;

/** The heads that changed most, as the list beside the grid has them. */
function listShapes(): Shape[] {
  const paper = papers[theme.value];
  const rows = ranked.value.filter(({ change }) => change > CHANGED).slice(0, MOST_ROWS);
  const named = { kind: "text", y: TOP - 12, colour: paper.second } as const;
  const heads: Shape[] = [
    { ...named, x: 0, text: "Head" },
    { ...named, x: 56, text: "JSD" },
    { ...named, x: 104, text: "largest single change" },
  ];
  return [
    ...heads,
    ...rows.flatMap((row, at): Shape[] => {
      const y = TOP + at * ROW + 16;
      const number = headNumber(shapes.value[row.layer], row.head);
      const change = formatDifference(difference(row));
      return [
        {
          kind: "text",
          x: 0,
          y,
          text: `${layerShort(shapes.value, row.layer)}.${number}`,
          isBold: true,
        },
        { kind: "text", x: 56, y, text: formatWeight(row.change) },
        { kind: "text", x: 104, y, text: pairText(row.layer, row.query, row.key) },
        { kind: "text", x: 336, y, text: change, anchor: "end", ...changeColour(difference(row)) },
      ];
    }),
  ];
}

function layerChanges(): Shape[] {
  const of = shownComparison.value;
  const { meanX, rows, cell } = layout.value;
  if (of === null || meanX === null) return [];
  return rows.map(({ layer, top }) => {
    const change = of.layerChange[layer] ?? NaN;
    const text = change === 0 ? "0" : formatWeight(change, 3);
    const [x, y] = [meanX + cell.width / 2, top + cell.height / 2 + 4];
    return { kind: "text", x, y, text, anchor: "middle", size: 12 };
  });
}

function changesTable(): Table {
  const a = comparedPlace.value;
  const at = [a.run, a.tag, compared.value?.step ?? null, run.value, tag.value, step.value];
  const token = (layer: number, side: "query" | "key", place: number): Value =>
    comparedTokens(layer, side)[place]?.text ?? null;
  return {
    columns: [
      ...["run_a", "tag_a", "step_a", "run_b", "tag_b", "step_b", "layer", "head", "jsd"],
      ...["query", "key", "query_token", "key_token", "before", "after"],
    ],
    rows: ranked.value.map(({ layer, head, change, query, key, before, after }) => [
      ...[...at, layer, headNumber(shapes.value[layer], head), change, query, key],
      ...[token(layer, "query", query), token(layer, "key", key), before, after],
    ]),
  };
}

export function compareExport(): Exported {
  const grid = gridPicture({
    layout: layout.value,
    shapes: shapes.value,
    title: `${tag.value ?? ""}: ${compareTitle()}`,
    caption: columnCaption.value,
    meanName: "JSD",
    theme: theme.value,
    content: [paintedGrid(layout.value, paint.value), ...layerChanges()],
  });
  const list = listShapes().map((shape) => moveShape(shape, grid.width + GAP, 0));
  const chosen = chosenShapes();
  const below = TOP + ROW * (Math.min(MOST_ROWS, list.length / 4) + 1);
  const picture = {
    ...grid,
    width: grid.width + GAP + Math.max(336, chosen.width) + EDGE,
    height: Math.max(grid.height, below + chosen.height + EDGE),
    shapes: [
      ...grid.shapes,
      ...list,
      ...chosen.shapes.map((shape) => moveShape(shape, grid.width + GAP, below)),
    ],
  };
  const colours = scaleColours(divergingTable(theme.value));
  const numbered = chosen.hasNumbers === true ? "; numbers from .10, the colour is the sign" : "";
  const text = `${quantityText.value} at B less that at A${numbered}`;
  const marks: Mark[] = [{ kind: "scale", colours, from: "\u22121", to: "+1", text }];
  if (stillLayers.value.length > 0 && !areStillShown.value)
    marks.push({ kind: "note", text: `${stillText()}, not drawn` });
  return { picture, marks, table: changesTable() };
}
