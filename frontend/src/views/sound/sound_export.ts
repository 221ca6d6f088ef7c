/** What is on the screen of a sound → its picture for a file. */

import { papers, type Shape } from "../../draw/picture";
import type { Raster } from "../../draw/raster";
import type { RecordHeader } from "../../decoding/answers";
import type { LayerWeights } from "../../decoding/decode";
import { scaleText } from "../../parts/picture_map/map_legend";
import type { Exported } from "../../saving/exported";
import { theme } from "../../state";
import { elide } from "../../text/tokens";
import type { SoundScene } from "./sound_scene";
import { timesTable } from "./word_times";

const AXIS = 18;

interface Drawn {
  readonly record: RecordHeader;
  readonly weights: LayerWeights;
  readonly scene: SoundScene;
}

export function soundExport(
  { record, weights, scene }: Drawn,
  sound: Raster | null,
  matrix: Raster,
  { pitch, height: high }: { pitch: number; height: number },
): Exported {
  const paper = papers[theme.value];
  const keys = record.layers[weights.layer]!.keys;
  const [x, top, width] = [140, 52, matrix.width];
  const below = top + (sound === null ? 0 : high + AXIS);
  const height = pitch * scene.queries.length;
  const labels = scene.names.map((text, row): Shape => {
    return {
      kind: "text",
      x: x - 8,
      y: below + (row + 0.5) * pitch + 4,
      text: elide(text, 18),
      anchor: "end",
      size: 12,
    };
  });
  const shapes: Shape[] = [
    {
      kind: "text",
      x: 16,
      y: 30,
      text: `${record.tag}, step ${record.step}, layer ${weights.layer}`,
      size: 16,
      isBold: true,
    },
    ...(sound === null
      ? []
      : [{ kind: "cells", x, y: top, width, height: high, raster: sound } as const]),
    { kind: "cells", x, y: below, width, height, raster: matrix },
    ...(pitch >= 10 ? labels : []),
  ];
  const picture = { ...paper, width: x + width + 16, height: below + height + 16, shapes };
  return {
    picture,
    marks: [{ kind: "note", text: scaleText(keys) } as const],
    table: timesTable(scene),
  };
}
