/** The heads around the pointer → each large enough to be seen: its pattern, else its history, and its role. */

import type { ReadonlySignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";

import type { Thumbnails } from "../../decoding/decode";
import { roleAt } from "../../decoding/marked_heads";
import { pixelOf, rgbOf, runColour, sequentialTable, themePixel } from "../../draw/colour";
import type { Cell, GridLayout } from "../../draw/grid";
import { headCodes } from "../../draw/heads_picture";
import { drawHeatmap } from "../../draw/heatmap";
import { fillBox, makeRaster, type Box, type Raster } from "../../draw/raster";
import { drawSparkline } from "../../draw/sparkline";
import { headName, headNumber, type LayerShape } from "../../parts/heads_grid/grid_layers";
import { putRaster } from "../../parts/put_raster";
import {
  FOLD_WIDTH,
  frameWidth,
  head,
  layer,
  metrics,
  openBeside,
  readStep,
  shown,
  theme,
  thumbnails,
} from "../../state";
import { largestChange, roleColour, UNCLASSIFIED } from "./head_map";
import { lensArea, lensAt, LENS } from "./lens_area";
import { histories } from "./scene";
import { formatStep } from "../../text/format_number";

const PITCH = { wide: 61, narrow: 50 } as const;
const GAP = 4;
const LABEL = 28;

const pitch = (): number => (frameWidth.value < FOLD_WIDTH ? PITCH.narrow : PITCH.wide);
const tile = (): number => pitch() - GAP;

export interface LensProps {
  readonly layout: ReadonlySignal<GridLayout>;
  readonly shapes: readonly LayerShape[];
  /** Patterns are here; without them each tile is the head's history. */
  readonly hasPatterns: boolean;
}

export function Lens({ layout, shapes, hasPatterns }: LensProps) {
  const at = lensAt.value ?? { layer: layer.value, head: head.value };
  const area = lensArea(layout.value, at);
  const pictures = hasPatterns ? (shown(thumbnails.value) ?? null) : null;
  const canvas = useRef<HTMLCanvasElement>(null);
  const raster = useRef<Raster | null>(null);
  useLayoutEffect(() => {
    if (area === null) return;
    raster.current = drawTiles(area.cells, pictures, window.devicePixelRatio, raster.current);
    putRaster(canvas.current!, raster.current);
  });
  if (area === null) return null;
  const first = area.cells[0]![0]!;
  const last = area.cells.at(-1)!.at(-1) ?? first;
  const [from, to] = [first, last].map((each) => headNumber(shapes[each.layer], each.head));
  return (
    <section class="lens" aria-label="Lens">
      <p class="small-title">
        Layers {first.layer}–{last.layer}, heads {from}–{to}
        <span>under the frame</span>
      </p>
      <div
        class="lens-tiles"
        style={{ width: LENS.columns * pitch(), height: area.cells.length * (tile() + LABEL) }}
      >
        <canvas
          ref={canvas}
          aria-hidden="true"
          style={{ width: LENS.columns * pitch(), height: area.cells.length * (tile() + LABEL) }}
        />
        {area.cells.flatMap((cells, row) =>
          cells.map((cell, column) => (
            <Tile key={`${row}.${column}`} {...{ cell, row, column, shapes }} />
          )),
        )}
      </div>
    </section>
  );
}

interface TileProps {
  readonly cell: Cell;
  readonly row: number;
  readonly column: number;
  readonly shapes: readonly LayerShape[];
}

function roleOf({ layer: of, head: each }: Cell): string | null {
  const series = metrics.value;
  const at = series?.steps.indexOf(readStep.value ?? NaN) ?? -1;
  return series === null || at === -1 ? null : (roleAt(series, at, of, each)?.name ?? null);
}

/** "first token" in place of "first-token sink": it stands under a small picture. */
const shortRole = (name: string): string =>
  name.replace("-token sink", " token").replace(/-token$/, "");

function Tile({ cell, row, column, shapes }: TileProps) {
  const role = roleOf(cell);
  const step = largestChange(cell.layer, cell.head)?.step;
  const name = `${cell.layer}.${headNumber(shapes[cell.layer], cell.head)}`;
  const words = role === null || role === UNCLASSIFIED ? "" : role;
  return (
    <button
      type="button"
      tabIndex={-1}
      class="lens-tile"
      aria-label={`${headName(shapes, cell)} in the lens`}
      title={[name, words, step === undefined ? "" : `changed at step ${formatStep(step)}`]
        .filter((part) => part !== "")
        .join(", ")}
      style={{
        left: column * pitch(),
        top: row * (tile() + LABEL),
        width: tile(),
        height: tile() + LABEL - 1,
      }}
      onClick={() => openBeside(cell.layer, cell.head)}
    >
      <strong>{name}</strong>
      <span>{shortRole(words)}</span>
    </button>
  );
}

function drawTiles(
  rows: readonly (readonly Cell[])[],
  pictures: Thumbnails | null,
  scale: number,
  before: Raster | null,
): Raster {
  const [width, height] = [LENS.columns * pitch(), rows.length * (tile() + LABEL)].map((each) =>
    Math.round(each * scale),
  ) as [number, number];
  const fits = before?.width === width && before.height === height;
  const raster = fits ? before : makeRaster(width, height);
  fillBox(raster, { x: 0, y: 0, ...raster }, themePixel("background", theme.value));
  rows.forEach((cells, row) =>
    cells.forEach((cell, column) => {
      const [x, y] = [column * pitch(), row * (tile() + LABEL)].map((each) =>
        Math.round(each * scale),
      );
      const side = Math.round(tile() * scale);
      drawTile(raster, { x: x!, y: y!, width: side, height: side }, cell, pictures, scale);
    }),
  );
  return raster;
}

function drawTile(
  raster: Raster,
  box: Box,
  cell: Cell,
  pictures: Thumbnails | null,
  scale: number,
): void {
  const name = theme.value;
  const role = roleColour(roleOf(cell) ?? "");
  const edge = Math.max(1, Math.round(2 * scale));
  fillBox(raster, box, role === null ? themePixel("track", name) : pixelOf(rgbOf(role)));
  const inner = {
    x: box.x + edge,
    y: box.y + edge,
    width: box.width - 2 * edge,
    height: box.height - 2 * edge,
  };
  const codes = pictures === null ? null : headCodes(pictures, cell.layer, cell.head);
  if (codes !== null) return drawHeatmap(raster, inner, codes, sequentialTable(name));
  fillBox(raster, inner, themePixel("background", name));
  const of = histories.value;
  if (of === null) return;
  const ink = pixelOf(rgbOf(runColour(0, name)));
  const baseline = themePixel("hairline", name);
  drawSparkline(raster, inner, of.line(cell.layer, cell.head), {
    thin: ink,
    bold: ink,
    baseline,
    scale,
  });
}

/** Where the lens is, over the grid. */
export function LensFrame({ layout }: Pick<LensProps, "layout">) {
  const at = lensAt.value ?? { layer: layer.value, head: head.value };
  const area = lensArea(layout.value, at);
  if (area === null) return null;
  const { x, y, width, height } = area.box;
  const style = { transform: `translate(${x}px, ${y}px)`, width, height };
  return <div class="lens-frame" style={style} />;
}
