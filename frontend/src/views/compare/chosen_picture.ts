/** The chosen head in both records → its lines or its matrix as shapes, and a table of its differences. */

import type { Table, Value } from "../../text/csv";
import { moveShape, papers, type Shape } from "../../draw/picture";
import { formatDifference } from "../../text/format_number";
import {
  shownChange,
  gain,
  hideBelow,
  rawTokens,
  pictureLook,
  pixelsOf,
  sentenceFilter,
  showKept,
  specials,
  theme,
} from "../../state";
import { headNumber } from "../../parts/heads_grid/grid_layers";
import { linesTop, rowPitch, table as besideLines, tokenLineShapes } from "../head/lines_picture";
import { axesOf, type LayerAxes } from "../../parts/token_lines/axis";
import { presentFocus } from "../../parts/token_lines/compact_lines";
import { changeColour, changeColours, changeHeads, chosenPair, type Pair } from "./chosen_pair";
import { basePicture, pictureSize } from "../../parts/picture_map/base_picture";
import { drawnMap } from "../../parts/picture_map/map_canvas";
import { changeMaps, changeStyle, type ChangeMaps } from "./change_image";
import { changedWeights, focusedDifferences } from "./difference_weights";
import { matrixPicture } from "./matrix_picture";
import { shapes as layerShapes } from "./scene";
import { layerName } from "../../text/layer_names";

export interface Part {
  readonly shapes: readonly Shape[];
  readonly width: number;
  readonly height: number;
  /** In its cells. */
  readonly hasNumbers?: boolean;
}

const TITLE = 24;
const SIDE = 560;

function title({ second, head }: Pair): Shape[] {
  const number = headNumber(layerShapes.value[second.layer], head);
  const { gained, lost, kept } = changeColours();
  const hasKept = showKept.value && shownChange.value === "lines";
  const word = (x: number, text: string, colour: string): Shape => {
    return { kind: "text", x, y: 16, text, colour, isBold: true };
  };
  return [
    {
      kind: "text",
      x: 0,
      y: 16,
      text: `${layerName(layerShapes.value, second.layer)} · Head ${number}`,
      isBold: true,
    },
    word(128, "gained", gained),
    word(184, "lost", lost),
    ...(hasKept ? [word(224, "kept", kept)] : []),
  ];
}

/** Of the pointed or pinned token, beside the tokens of the other side. */
function differenceTexts({ first, second, head }: Pair, axes: LayerAxes): Shape[] {
  const focus = presentFocus(second);
  if (focus === null) return [];
  const { difference } = focusedDifferences(first, second, head, focus);
  const colour = papers[theme.value].second;
  const x = besideLines + 32;
  return [
    { kind: "text", x, y: linesTop - 12, text: "B − A", anchor: "end", colour },
    ...axes[focus.side === "key" ? "query" : "key"].rows.flatMap(({ token, off }, row): Shape[] => {
      const [text, y] = [formatDifference(difference[token]!), linesTop + row * rowPitch + 16];
      const ink = changeColour(difference[token]!);
      return off ? [] : [{ kind: "text", x, y, text, anchor: "end", size: 12, ...ink }];
    }),
  ];
}

function linesPart(pair: Pair): Part {
  const { header, first, second, head } = pair;
  const axes = axesOf(header, second.layer, specials.value, sentenceFilter.value, {
    raw: rawTokens.value,
  });
  const lines = tokenLineShapes({
    numbers: {
      weights: changedWeights(first, second, head, Math.max(hideBelow.value, 1e-6)),
      heads: changeHeads(),
      axes,
      focus: presentFocus(second),
    },
    threshold: Math.max(hideBelow.value, 0.005),
    gain: gain.value,
    theme: theme.value,
  });
  const shapes = [...lines.shapes, ...differenceTexts(pair, axes)];
  return {
    shapes: [...title(pair), ...shapes.map((shape) => moveShape(shape, 0, TITLE - 40))],
    width: besideLines + 48,
    height: lines.height + TITLE - 40,
  };
}

function matrixPart(pair: Pair): Part {
  const { shapes, width, height, hasNumbers } = matrixPicture(pair);
  return {
    shapes: [...title(pair), ...shapes.map((shape) => moveShape(shape, 0, TITLE))],
    width,
    height: TITLE + height,
    hasNumbers,
  };
}

/** Two device pixels a pixel: the picture is part of it. */
function imagePart(pair: Pair, { panel, maps }: ChangeMaps): Part {
  const size = pictureSize(panel, SIDE, SIDE);
  const lying = { look: pictureLook.value, theme: theme.value, scale: 2 };
  const base = basePicture(panel, pixelsOf(panel), size, lying);
  const raster = drawnMap(base, maps.change, changeStyle());
  return {
    shapes: [...title(pair), { kind: "cells", x: 0, y: TITLE, ...size, raster }],
    width: size.width,
    height: TITLE + size.height,
  };
}

export function chosenShapes(): Part {
  const pair = chosenPair();
  if (pair === null) return { shapes: [], width: 0, height: 0 };
  const found = shownChange.value === "image" ? changeMaps(pair) : null;
  if (found !== null) return imagePart(pair, found);
  return shownChange.value === "matrix" ? matrixPart(pair) : linesPart(pair);
}

/** Every cell of the chosen head in both records. */
export function differencesTable(pair: Pair): Table {
  const { header, first, second, head } = pair;
  const axes = axesOf(header, second.layer, "show", "all");
  const number = headNumber(layerShapes.value[second.layer], head);
  function* rows(): Generator<Value[]> {
    for (const query of axes.query.rows)
      for (const key of axes.key.rows) {
        const [before, after] = [first, second].map((of) =>
          of.weight(head, query.token, key.token),
        );
        yield [
          ...[second.layer, number, query.token, key.token, query.raw, key.raw],
          ...[before!, after!, after! - before!],
        ];
      }
  }
  const names = ["layer", "head", "query", "key", "query_token", "key_token"];
  return {
    columns: [...names, "before", "after", "difference"],
    rows: { [Symbol.iterator]: rows },
  };
}
