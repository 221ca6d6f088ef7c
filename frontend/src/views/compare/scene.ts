/** What is compared, loaded and set → layout and pixels of the grid of differences; signals, no DOM. */

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";

import type { Comparison, HeadChange } from "../../decoding/comparison";
import { divergingTable, themePixel } from "../../draw/colour";
import { intersects } from "../../draw/canvas_window";
import type { Codes } from "../../draw/heatmap";
import { differenceTable, drawDifferences } from "../../draw/differences";
import { cellBox, headsInOrder, MEAN } from "../../draw/grid";
import { deviceBox, type Target } from "../../draw/heads_picture";
import { fillBox, type Box } from "../../draw/raster";
import { comparison, hideBelow, rankBy, record, shown, theme } from "../../state";
import type { Paint } from "../../parts/heads_grid/canvas_painter";
import { linesCaption, type LayerShape } from "../../parts/heads_grid/grid_layers";
import { placeHeads, type PlacedGrid } from "../../parts/heads_grid/grid_room";
import { formatWeight } from "../../text/format_number";
import { layerName, layersText } from "../../text/layer_names";
import { difference, largestChange, rankHeads } from "./ranked";

/** The last one while the next is on its way. */
export const shownComparison: ReadonlySignal<Comparison | null> = computed(
  () => shown(comparison.value) ?? null,
);

export const ranked: ReadonlySignal<readonly HeadChange[]> = computed(() =>
  shownComparison.value === null ? [] : rankHeads(shownComparison.value, rankBy.value),
);

export const largest: ReadonlySignal<number> = computed(() =>
  shownComparison.value === null ? 0 : largestChange(shownComparison.value),
);

export const shapes: ReadonlySignal<readonly LayerShape[]> = computed(
  () => shown(record.value)?.layers ?? [],
);

const areNumbered = computed(() => shapes.value.some((shape) => shape.head_numbers !== undefined));

/** CSS pixels of the view that the chosen head takes over the grid. */
export const taken: Signal<number> = signal(0);
/** The chosen head's matrices have the tokens' names and a scale of their own. */
export const areNamed: Signal<boolean> = signal(false);
/** Layers without a difference that is drawn have rows too. */
export const areStillShown: Signal<boolean> = signal(false);

/** Layers none of whose heads has a difference that is drawn; none where all are such. */
export const stillLayers: ReadonlySignal<readonly number[]> = computed(() => {
  const of = shownComparison.value;
  if (of === null) return [];
  const least = Math.max(hideBelow.value, 1e-6);
  const still = shapes.value.flatMap(({ heads }, layer) =>
    Array.from({ length: heads }, (_, head) => of.head(layer, head)).every(
      (each) => Math.abs(difference(each)) < least,
    )
      ? [layer]
      : [],
  );
  return still.length === shapes.value.length ? [] : still;
});

/** "Layers 0–3: 48 heads without a difference above .01". */
export function stillText(): string {
  const still = stillLayers.value;
  const heads = still.reduce((sum, at) => sum + (shapes.value[at]?.heads ?? 0), 0);
  const name =
    still.length === 1 ? layerName(shapes.value, still[0]!) : layersText(shapes.value, still);
  const least = hideBelow.value;
  const above = least > 0 ? ` above ${formatWeight(least, 3).replace(/0$/, "")}` : "";
  return `${name}: ${heads} heads without a difference${above}`;
}

const withRows: ReadonlySignal<ReadonlySet<number> | null> = computed(() => {
  if (areStillShown.value || stillLayers.value.length === 0) return null;
  const still = new Set(stillLayers.value);
  return new Set(shapes.value.flatMap((_, layer) => (still.has(layer) ? [] : [layer])));
});

export const layout: ReadonlySignal<PlacedGrid> = computed(() =>
  placeHeads({
    content: "difference",
    only: withRows.value,
    taken: taken.value,
    shapes: shapes.value,
    orders: shapes.value.map(({ heads }) => headsInOrder(heads)),
    numbered: areNumbered.value,
  }),
);

/** What stands over the columns instead of head numbers, when these stand under each cell. */
export const columnCaption: ReadonlySignal<string | null> = computed(() =>
  areNumbered.value ? "logged heads, their numbers below" : linesCaption(layout.value),
);

/** Of small pictures of a head's differences. */
export const changeInk: ReadonlySignal<Uint32Array<ArrayBuffer>> = computed(() =>
  differenceTable(divergingTable(theme.value), hideBelow.value),
);

const BAR_HEIGHT = 3;
/** Below the cell. */
const BAR_TOP = 3;

interface Ink {
  readonly background: number;
  readonly colours: Uint32Array;
  readonly bar: number;
  readonly track: number;
}

const ink: ReadonlySignal<Ink> = computed(() => {
  return {
    background: themePixel("background", theme.value),
    colours: differenceTable(divergingTable(theme.value), hideBelow.value),
    bar: themePixel("second", theme.value),
    track: themePixel("track", theme.value),
  };
});

/** The bar under a cell: its length is the share of the largest change. */
function drawBar({ raster, window }: Target, below: Box, share: number, scale: number): void {
  const { bar, track } = ink.value;
  fillBox(raster, deviceBox(below, window, scale), track);
  if (!(share > 0)) return;
  const width = Math.max(1, below.width * share);
  fillBox(raster, deviceBox({ ...below, width }, window, scale), bar);
}

export const paint: ReadonlySignal<Paint> = computed(() => {
  const of = shownComparison.value;
  const { background, colours } = ink.value;
  const most = largest.value;
  return (target, at, rows, scale) => {
    const { raster, window } = target;
    for (const row of rows) {
      const band = { x: window.x, y: row.top, width: window.width, height: row.pitch };
      fillBox(raster, deviceBox(band, window, scale), background);
      for (const head of at.meanX === null ? row.order : [...row.order, MEAN]) {
        const box = cellBox(at, { layer: row.layer, head })!;
        if (!intersects({ ...box, height: row.pitch }, window)) continue;
        if (head !== MEAN) {
          const codes = of === null ? null : codesOf(of, row.layer, head);
          const place = deviceBox(box, window, scale);
          if (codes === null) fillBox(raster, place, colours[128]!);
          else drawDifferences(raster, place, codes, colours);
        }
        const change =
          head === MEAN ? of?.layerChange[row.layer] : of?.head(row.layer, head).change;
        if (at.pitchY < box.height + BAR_TOP + BAR_HEIGHT) continue;
        const below = { ...box, y: box.y + box.height + BAR_TOP, height: BAR_HEIGHT };
        drawBar(target, below, (change ?? 0) / most, scale);
      }
    }
  };
});

/** Where the codes of a head's differences lie; null where it has none. */
export function codesOf(of: Comparison, layer: number, head: number): Codes | null {
  const size = of.layers[layer];
  if (size === undefined || head >= size.heads || size.height * size.width === 0) return null;
  const { height: rows, width: columns, offset } = size;
  return { codes: of.codes, offset: offset + head * rows * columns, rows, columns };
}
