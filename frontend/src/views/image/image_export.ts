/** The maps on screen → their picture as data, the record's picture within, and their numbers. */

import type { Rollout } from "../../decoding/rollout";
import { scaleColours, sequentialTable } from "../../draw/colour";
import { MAP_END } from "../../draw/patch_map";
import { papers, type Shape } from "../../draw/picture";
import { basePicture, pictureSize } from "../../parts/picture_map/base_picture";
import { scaleText, topText } from "../../parts/picture_map/map_legend";
import { drawnMap } from "../../parts/picture_map/map_canvas";
import { patchMap } from "../../parts/picture_map/map_values";
import type { Exported } from "../../saving/exported";
import {
  chosenList,
  isOneList,
  mapScale,
  pictureLook,
  pixelsOf,
  quantityName,
  rollout,
  rolloutHeads,
  shown as stateShown,
  theme,
} from "../../state";
import type { Table, Value } from "../../text/csv";
import { formatStep, formatWeight } from "../../text/format_number";
import { layerName } from "../../text/layer_names";
import { positionName } from "../../text/patch_names";
import { nameOf } from "./head_tiles";
import {
  mapLook,
  mapStyle,
  rolloutMap,
  rolloutText,
  type HeadMap,
  type ImageModeProps,
  type ShownMaps,
} from "./shown_maps";
import type { Panel } from "../../decoding/panels";

export interface ImageScene extends ImageModeProps {
  readonly panel: Panel;
  readonly shown: ShownMaps;
}

const EDGE = 16;
const TOP = 56;
const GAP = 12;
const NAME = 20;
const TILE = 168;
const LARGE = 352;
const SCALE = 2;
const COLUMNS = 7;

export function imageExport(scene: ImageScene, short: string): Exported {
  const { record, weights, panel, shown } = scene;
  const list = chosenList.peek() ?? "tokens";
  const [source, paper] = [pixelsOf(panel), papers[theme.value]];
  const tile = pictureSize(panel, TILE);
  const large = pictureSize(panel, LARGE);
  const lying = { theme: theme.value, scale: SCALE };
  const whole = basePicture(panel, source, large, { ...lying, look: "full" });
  const base = basePicture(panel, source, tile, { ...lying, look: pictureLook.value });
  const left = EDGE + large.width + 2 * GAP;
  const all = namedMaps(scene, short);
  const tiles = all.flatMap(({ map, name }, at): Shape[] => {
    const x = left + (at % COLUMNS) * (tile.width + GAP);
    const y = TOP + Math.floor(at / COLUMNS) * (tile.height + NAME + GAP);
    const raster = drawnMap(base, patchMap(panel, map, mapLook()), mapStyle());
    return [
      { kind: "text", x, y: y + 14, text: name, size: 12, isBold: true },
      {
        kind: "text",
        x: x + tile.width,
        y: y + 14,
        text: formatWeight(map.share),
        size: 12,
        anchor: "end",
        colour: paper.second,
      },
      { kind: "cells", x, y: y + NAME, ...tile, raster },
    ];
  });
  const rows = Math.ceil(all.length / COLUMNS);
  const columns = Math.min(COLUMNS, all.length);
  const title = `${record.tag}, step ${formatStep(record.step)}, ${layerName(record.layers, weights.layer).toLowerCase()}: from ${positionName(record, list, shown.at)}`;
  const marks = [
    {
      kind: "scale",
      colours: scaleColours(sequentialTable(theme.value)),
      from: "0",
      to: mapScale.value === "own" ? "largest" : `≥ ${MAP_END}×`,
      text: scaleText(shown.layer.keys),
    } as const,
    ...[topText(), overLayers()].flatMap((text) =>
      text === null ? [] : [{ kind: "note", text } as const],
    ),
  ];
  const picture = {
    ...paper,
    width: left + columns * (tile.width + GAP) - GAP + EDGE,
    height: TOP + Math.max(NAME + large.height, rows * (tile.height + NAME + GAP)) + EDGE,
    shapes: [
      { kind: "text", x: EDGE, y: 30, text: title, size: 16, isBold: true },
      { kind: "cells", x: EDGE, y: TOP + NAME, ...large, raster: whole.raster },
      ...tiles,
    ] as Shape[],
  };
  return { picture, marks, table: mapsTable(scene) };
}

interface NamedMap {
  readonly map: HeadMap;
  /** In the picture, and in the table. */
  readonly name: string;
  readonly head: string;
}

const rolloutOf = (): Rollout | undefined =>
  rolloutHeads.peek() === null || !isOneList.peek() ? undefined : stateShown(rollout.peek());

function overLayers(): string | null {
  const found = rolloutOf();
  return found === undefined ? null : rolloutText(found);
}

/** The heads, their mean, and the rollout where it is asked for. */
function namedMaps({ names, panel, shown }: ImageScene, short: string): NamedMap[] {
  const over = rolloutMap(rolloutOf(), shown, panel);
  return [
    ...shown.maps.map((map) => ({
      map,
      name: nameOf(map.head, names, short),
      head: map.head === null ? "mean" : names[map.head]!,
    })),
    ...(over === null
      ? []
      : [{ map: over, name: "rollout", head: `rollout ${rolloutHeads.peek()}` }]),
  ];
}

/** Every shown head's weight on every patch. */
export function mapsTable(scene: ImageScene): Table {
  const { record, weights, panel, shown } = scene;
  const list = chosenList.peek() ?? "tokens";
  const from = positionName(record, list, shown.at);
  function* rows(): Generator<Value[]> {
    for (const { map, head } of namedMaps(scene, ""))
      for (const [patch, weight] of map.weights.entries())
        yield [
          ...[record.step, weights.layer, head, from],
          ...[Math.floor(patch / panel.cols), patch % panel.cols, weight, map.times[patch]!],
        ];
  }
  return {
    columns: [
      "step",
      "layer",
      "head",
      shown.side,
      "row",
      "column",
      quantityName.peek(),
      "times_uniform",
    ],
    rows: { [Symbol.iterator]: rows },
  };
}
