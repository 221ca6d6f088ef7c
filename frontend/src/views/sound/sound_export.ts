/** What is on the screen of a sound → its picture for a file: words over the sound, one row's profile, all rows, the path. */

import { papers, type Paper, type Shape } from "../../draw/picture";
import type { Raster } from "../../draw/raster";
import type { RecordHeader } from "../../decoding/answers";
import type { LayerWeights } from "../../decoding/decode";
import { scaleText } from "../../parts/picture_map/map_legend";
import type { Exported } from "../../saving/exported";
import { isPathDrawn, theme } from "../../state";
import { layerName } from "../../text/layer_names";
import { timesText } from "../../text/patch_names";
import { elide } from "../../text/tokens";
import { mostTimes, profileSteps } from "./row_profile";
import { secondTicks } from "./sound_layout";
import type { SoundScene } from "./sound_scene";
import { STRIP, stripWords } from "./word_strip";
import { timesTable } from "./word_times";
import { formatStep } from "../../text/format_number";

const LEFT = 140;
const TOP = 48;
const AXIS = 20;
const PROFILE = 36;
const GAP = 6;

interface Drawn {
  readonly record: RecordHeader;
  readonly weights: LayerWeights;
  readonly scene: SoundScene;
}

interface Sizes {
  /** Of a row of the matrix. */
  readonly pitch: number;
  /** Of the spectrogram. */
  readonly height: number;
  /** Whose profile is drawn, −1 for none. */
  readonly row: number;
}

interface Place {
  readonly paper: Paper;
  readonly width: number;
  readonly y: number;
}

function wordShapes(scene: SoundScene, { paper, width, y }: Place): Shape[] {
  return stripWords(scene, width).flatMap(({ text, start, end, left, width: own }): Shape[] => {
    const box = { x: LEFT + start + 1, y: y + STRIP - 4, height: 2 };
    const tick = { kind: "box", ...box, width: Math.max(1, end - start - 2) } as const;
    const at = { x: LEFT + (left ?? 0) + own / 2, y: y + 14 };
    return [
      { ...tick, colour: paper.second },
      ...(left === null
        ? []
        : [{ kind: "text", ...at, text, anchor: "middle", size: 12 } as const]),
    ];
  });
}

function profileShapes(
  { weights, names }: SoundScene,
  row: number,
  keys: number,
  { paper, width, y }: Place,
): Shape[] {
  const line = weights.values.subarray(row * weights.columns, (row + 1) * weights.columns);
  const most = mostTimes(weights, keys);
  const side = { kind: "text", x: LEFT + width + 6, size: 11, colour: paper.second } as const;
  const points = profileSteps(line, most / keys, { width, height: PROFILE });
  return [
    {
      ...{ kind: "text", x: LEFT - 8, y: y + PROFILE / 2 + 4, size: 12, isBold: true },
      ...{ anchor: "end", text: `“${elide(names[row]!, 14)}”` },
    },
    {
      ...{ kind: "line", width: 1, colour: paper.ink },
      points: points.map(([x, down]) => [LEFT + x, y + down] as const),
    },
    { ...side, y: y + 9, text: timesText(most) },
    { ...side, y: y + PROFILE, text: "0" },
  ] as Shape[];
}

function axisShapes(seconds: number, { paper, width, y }: Place): Shape[] {
  return secondTicks(seconds, width).map((at): Shape => {
    const text = `${Number(at.toFixed(1))}${at === 0 ? " s" : ""}`;
    const x = LEFT + (at / seconds) * width;
    return { kind: "text", x, y: y + 14, text, size: 11, colour: paper.second, anchor: "middle" };
  });
}

/** A line for each run of words, broken where a row is spoken at no time. */
function pathShapes({ path, frames }: SoundScene, pitch: number, place: Place): Shape[] {
  const across = place.width / frames;
  const lines: (readonly [number, number])[][] = [[]];
  (path ?? []).forEach((stretch, row) => {
    if (stretch === null) return void lines.push([]);
    const [start, end] = stretch.map((frame) => LEFT + frame * across) as [number, number];
    const [above, below] = [place.y + row * pitch, place.y + (row + 1) * pitch];
    lines.at(-1)!.push([start, above], [start, below], [end, below]);
  });
  const style = { kind: "line", colour: place.paper.ink, width: 1.5 } as const;
  return lines.filter(({ length }) => length > 0).map((points) => ({ ...style, points }));
}

function nameShapes({ names }: SoundScene, pitch: number, y: number): Shape[] {
  if (pitch < 10) return [];
  return names.map((text, row) => ({
    ...{ kind: "text", x: LEFT - 8, y: y + (row + 0.5) * pitch + 4, text: elide(text, 18) },
    ...{ anchor: "end", size: 12 },
  })) as Shape[];
}

export function soundExport(
  { record, weights, scene }: Drawn,
  sound: Raster | null,
  matrix: Raster,
  { pitch, height: high, row }: Sizes,
): Exported {
  const paper = papers[theme.value];
  const keys = record.layers[weights.layer]!.keys;
  const width = matrix.width;
  const place = (y: number): Place => ({ paper, width, y });
  const soundTop = TOP + (scene.path === null ? 0 : STRIP);
  const profileTop = soundTop + (sound === null ? 0 : high + GAP);
  const axisTop = profileTop + (row === -1 ? 0 : PROFILE);
  const top = axisTop + AXIS;
  const height = pitch * scene.queries.length;
  const title = `${record.tag}, step ${formatStep(record.step)}, ${layerName(record.layers, weights.layer)}`;
  const shapes: Shape[] = [
    { kind: "text", x: 16, y: 30, text: title, size: 16, isBold: true },
    ...(scene.path === null ? [] : wordShapes(scene, place(TOP))),
    ...(sound === null
      ? []
      : [{ kind: "cells", x: LEFT, y: soundTop, width, height: high, raster: sound } as const]),
    ...(row === -1 ? [] : profileShapes(scene, row, keys, place(profileTop))),
    ...axisShapes(scene.seconds, place(axisTop)),
    { kind: "cells", x: LEFT, y: top, width, height, raster: matrix },
    ...nameShapes(scene, pitch, top),
    ...(isPathDrawn.value ? pathShapes(scene, pitch, place(top)) : []),
  ];
  const path = scene.path === null || !isPathDrawn.value ? "" : "; line: the path, word by word";
  return {
    picture: { ...paper, width: LEFT + width + 48, height: top + height + 16, shapes },
    marks: [{ kind: "note", text: `${scaleText(keys)}${path}` } as const],
    table: timesTable(scene),
  };
}
