/** A long head as it is drawn → its picture as data; the pinned query's row → a table. */

import type { Region } from "../../decoding/region";
import { scaleColours, sequentialTable } from "../../draw/colour";
import { makeRaster } from "../../draw/raster";
import { drawTiled, partPyramid } from "../../draw/tiled";
import { timesUniformTable } from "../../draw/times_uniform";
import type { Exported } from "../../saving/exported";
import { query, type Theme } from "../../state";
import type { Table } from "../../text/csv";
import { formatTimes } from "../../text/times";
import { rowOf } from "./long_source";
import { headPicture } from "./matrix_export";
import type { MatrixSource } from "./use_matrix";

const LARGEST_SIDE = 1024;

/** The whole head; parts that have come are drawn into it. */
export function longExport(
  source: MatrixSource,
  picture: Region,
  parts: readonly Region[],
  theme: Theme,
): Exported {
  const { queries, keys } = source.weights;
  const scale = LARGEST_SIDE / Math.max(queries, keys);
  const [width, height] = [Math.max(24, keys * scale), Math.max(24, queries * scale)];
  const raster = makeRaster(Math.round(width), Math.round(height));
  const across = { start: 0, cellsPerPixel: keys / raster.width };
  const down = { start: 0, cellsPerPixel: queries / raster.height };
  const colours = timesUniformTable(theme, keys);
  drawTiled(
    raster,
    { part: picture, pyramid: partPyramid(picture) },
    parts,
    { across, down },
    colours,
  );
  const drawn = headPicture(source, raster, { width, height }, theme);
  const text = `times uniform (1 / ${keys.toLocaleString("en")}), logarithmic; a pixel has the largest weight of ${picture.cell.join(" × ")} cells or fewer`;
  return {
    picture: drawn,
    marks: [
      {
        kind: "scale",
        colours: scaleColours(sequentialTable(theme)),
        from: "1 ×",
        to: formatTimes(keys),
        text,
      },
    ],
    table: rowTable(source),
  };
}

/** Every key of the pinned query's row; of the head itself no table is made, it would have too many numbers. */
export function rowTable(source: MatrixSource): Table {
  const { axes } = source;
  const row = rowOf(source, query.value);
  const tokens = axes.key.rows;
  return {
    columns: ["query", "key", "token", "weight"],
    rows: Array.from(row?.weights ?? [], (weight, at) => [row!.query, at, tokens[at]!.raw, weight]),
  };
}
