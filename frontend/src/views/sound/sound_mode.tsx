/** One cross layer and its sound → spectrogram and matrix on one axis of seconds, words with their times, heads that align. */

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import { sequentialTable } from "../../draw/colour";
import { papers, type Shape } from "../../draw/picture";
import { SOUND_END, strengthOf } from "../../draw/patch_map";
import { makeRaster, type Raster } from "../../draw/raster";
import { drawSpectrogram, spectrogram } from "../../draw/spectrogram";
import type { RecordHeader } from "../../decoding/answers";
import type { LayerWeights } from "../../decoding/decode";
import { useDrawnMark } from "../../parts/drawn_mark";
import { FaultNotes } from "../../parts/fault_notes";
import { useSize } from "../../parts/measured";
import { MapScale, scaleText } from "../../parts/picture_map/map_legend";
import { putRaster } from "../../parts/put_raster";
import { useExport, useTable } from "../../saving/exported";
import {
  hoverQuery,
  isSideShown,
  media,
  mapScale,
  pinQuery,
  query,
  shownHeads,
  theme,
  type Theme,
} from "../../state";
import type { Table } from "../../text/csv";
import { formatWeight } from "../../text/format_number";
import { timesText } from "../../text/patch_names";
import { elide } from "../../text/tokens";
import { AlignmentHeads } from "./alignment_heads";
import { type Playing, usePlaying } from "./playing";
import { TimeFind, TimeMark, useFrameDrag, type FrameRange, type RangeProps } from "./time_range";
import { samplesOf, soundScene, timeText, type SoundScene } from "./sound_scene";

export interface SoundModeProps {
  record: RecordHeader;
  weights: LayerWeights;
  /** Number of each head, as in the model. */
  names: readonly string[];
}

const LEFT = 116;
const RIGHT = 92;
/** Of the spectrogram. */
const SOUND = { least: 112, most: 320, share: 0.26 };
const BANDS = 80;
const AXIS = 18;
const [ROW, LEAST_ROW] = [64, 3];

export function SoundMode(props: SoundModeProps) {
  const { record, weights } = props;
  const scene = useMemo(
    () => soundScene(record, weights),
    [record, weights, shownHeads.value, media.value],
  );
  if (scene === null) return <p class="head-message is-quiet">This layer has no sound.</p>;
  return <Scene {...props} scene={scene} />;
}

interface SceneProps extends SoundModeProps {
  readonly scene: SoundScene;
}

/** Multiples of uniform, or of the largest weight. */
function matrixRaster({ weights }: SoundScene, width: number, keys: number, name: Theme): Raster {
  const { rows, columns, values } = weights;
  const raster = makeRaster(width, rows);
  const most = mapScale.value === "own" ? values.reduce((a, b) => Math.max(a, b), 0) || 1 : 0;
  const colours = sequentialTable(name);
  for (let row = 0; row < rows; row++)
    for (let x = 0; x < width; x++) {
      const first = Math.floor((x * columns) / width);
      const end = Math.max(first + 1, Math.floor(((x + 1) * columns) / width));
      let largest = 0;
      for (let at = first; at < end; at++) largest = Math.max(largest, values[row * columns + at]!);
      const strength = most > 0 ? Math.sqrt(largest / most) : strengthOf(largest * keys, SOUND_END);
      raster.pixels[row * width + x] = colours[Math.round(255 * strength)]!;
    }
  return raster;
}

function soundRaster({ span, seconds }: SoundScene, width: number, name: Theme): Raster | null {
  const samples = samplesOf(span);
  if (samples === null) return null;
  const asked = { seconds, columns: width, bands: BANDS };
  return drawSpectrogram(spectrogram(samples.values, samples.rate, asked), name);
}

/** A path of steps, from word to word. */
function pathOf(starts: Int32Array, across: number, pitch: number): string {
  return [...starts.subarray(0, -1)]
    .map(
      (start, row) =>
        `M${start * across} ${row * pitch}V${(row + 1) * pitch}H${starts[row + 1]! * across}`,
    )
    .join("");
}

function Scene(props: SceneProps) {
  const { record, weights, names, scene } = props;
  const room = useRef<HTMLDivElement>(null);
  const size = useSize(room);
  const keys = record.layers[weights.layer]!.keys;
  const samples = samplesOf(scene.span);
  const playing = usePlaying(samples);
  const [range, setRange] = useState<FrameRange | null>(null);
  const width = Math.max(120, Math.floor(size.width - LEFT - RIGHT));
  const rows = scene.queries.length;
  const height = Math.round(Math.min(SOUND.most, Math.max(SOUND.least, SOUND.share * size.height)));
  const pitch = Math.max(LEAST_ROW, Math.min(ROW, Math.floor((size.height - height - 96) / rows)));
  const onDrawn = useDrawnMark("head", [scene, theme.value, mapScale.value, samples, "sound"]);
  const sound = useMemo(() => soundRaster(scene, width, theme.value), [scene, width, theme.value]);
  const matrix = useMemo(
    () => matrixRaster(scene, width, keys, theme.value),
    [scene, width, keys, theme.value, mapScale.value],
  );
  useExport(() => soundExport(props, sound, matrix, { pitch, height }));
  useTable("Word times", scene.starts && (() => timesTable(scene)));
  useLayoutEffect(() => {
    if (size.width > 0) onDrawn();
  }, [onDrawn, size.width > 0]);
  return (
    <div class="sound-mode">
      <div class="sound-main" ref={room}>
        <FaultNotes record={record} layer={weights.layer} names={names} />
        <SoundRow
          {...{ scene, sound, samples, playing, width, height, range }}
          onRange={setRange}
        />
        <TimeAxis seconds={scene.seconds} width={width} />
        <div class="sound-row">
          <Names scene={scene} pitch={pitch} />
          <Matrix {...{ scene, matrix, width, pitch, keys, range }} onRange={setRange}>
            {samples !== null && <Playhead at={playing.at / scene.seconds} />}
          </Matrix>
          {scene.starts !== null && pitch >= 12 && <Times scene={scene} pitch={pitch} />}
        </div>
        <div class="model-legend">
          <MapScale keys={keys} end={SOUND_END} />
        </div>
        <TimeFind {...{ record, scene, range }} layer={weights.layer} onRange={setRange} />
      </div>
      {isSideShown.value && <AlignmentHeads record={record} scene={scene} />}
    </div>
  );
}

interface SoundRowProps extends RangeProps {
  readonly scene: SoundScene;
  readonly sound: Raster | null;
  readonly samples: ReturnType<typeof samplesOf>;
  readonly playing: Playing;
  readonly width: number;
  readonly height: number;
}

/** The spectrogram, with the button that plays it. */
function SoundRow(props: SoundRowProps) {
  const { scene, sound, samples, playing, width, height, range, onRange } = props;
  const { wasDragged, ...drag } = useFrameDrag(scene.frames, onRange);
  return (
    <div class="sound-row">
      <div class="sound-label">
        <button
          type="button"
          class="sound-play"
          disabled={samples === null}
          aria-label={playing.isOn ? "Stop the sound" : "Play the sound"}
          onClick={playing.toggle}
        >
          {playing.isOn ? "◼" : "▶"}
        </button>
        <span>{samples === null ? "no sound was stored" : `${timeText(playing.at)} s`}</span>
      </div>
      <div
        class="sound-picture"
        style={{ width, height }}
        {...drag}
        onClick={(event) => {
          if (wasDragged()) return;
          const { left } = event.currentTarget.getBoundingClientRect();
          playing.moveTo(((event.clientX - left) / width) * scene.seconds);
        }}
      >
        {sound !== null && <RasterCanvas raster={sound} label="Spectrogram" height={height} />}
        <TimeMark range={range} frames={scene.frames} />
        {samples !== null && <Playhead at={playing.at / scene.seconds} />}
      </div>
    </div>
  );
}

function RasterCanvas({
  raster,
  label,
  height,
}: {
  readonly raster: Raster;
  readonly label: string;
  readonly height: number;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => void putRaster(canvas.current!, raster), [raster]);
  return <canvas ref={canvas} role="img" aria-label={label} style={{ width: "100%", height }} />;
}

function Playhead({ at }: { readonly at: number }) {
  return <i class="playhead" style={{ left: `${100 * Math.min(1, at)}%` }} />;
}

function TimeAxis({ seconds, width }: { readonly seconds: number; readonly width: number }) {
  const least = (60 / width) * seconds;
  const by = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30].find((each) => each >= least) ?? 60;
  const ticks = Array.from({ length: Math.floor(seconds / by) + 1 }, (_, at) => at * by);
  return (
    <div class="time-axis" style={{ marginLeft: LEFT, width, height: AXIS }} aria-hidden="true">
      {ticks.map((at) => (
        <span key={at} style={{ left: `${(100 * at) / seconds}%` }}>
          {Number(at.toFixed(1))}
          {at === 0 && " s"}
        </span>
      ))}
    </div>
  );
}

interface RowsProps {
  readonly scene: SoundScene;
  readonly pitch: number;
}

const shownQuery = (): number | null => hoverQuery.value ?? query.value;

function Names({ scene, pitch }: RowsProps) {
  if (pitch < 12) return <div class="sound-names" style={{ width: LEFT }} />;
  return (
    <div class="sound-names" role="group" aria-label="Words" style={{ width: LEFT }}>
      {scene.queries.map((at, row) => (
        <button
          key={at}
          type="button"
          aria-pressed={query.value === at}
          class={shownQuery() === at ? "is-shown" : ""}
          style={{ height: pitch, lineHeight: `${pitch}px` }}
          title={scene.names[row]}
          onPointerEnter={() => (hoverQuery.value = at)}
          onPointerLeave={() => (hoverQuery.value = null)}
          onFocus={() => (hoverQuery.value = at)}
          onBlur={() => (hoverQuery.value = null)}
          onClick={() => pinQuery(at)}
        >
          <bdi>{elide(scene.names[row]!, 18)}</bdi>
        </button>
      ))}
    </div>
  );
}

interface MatrixProps extends RowsProps, RangeProps {
  readonly matrix: Raster;
  readonly width: number;
  readonly keys: number;
  readonly children: ComponentChildren;
}

function Matrix(props: MatrixProps) {
  const { scene, matrix, width, pitch, keys, children, range, onRange } = props;
  const { wasDragged, ...drag } = useFrameDrag(scene.frames, onRange);
  const said = useRef<HTMLOutputElement>(null);
  const { frames, starts, weights, queries, span } = scene;
  const row = queries.indexOf(shownQuery() ?? -1);
  return (
    <div
      class="sound-picture"
      style={{ width, height: pitch * queries.length }}
      {...drag}
      onPointerMove={(event) => {
        drag.onPointerMove(event);
        const box = event.currentTarget.getBoundingClientRect();
        const at = Math.floor((event.clientY - box.top) / pitch);
        const frame = Math.min(
          frames - 1,
          Math.floor(((event.clientX - box.left) / width) * frames),
        );
        if (queries[at] === undefined || frame < 0) return;
        hoverQuery.value = queries[at];
        const weight = weights.values[at * frames + frame]!;
        said.current!.textContent = `${scene.names[at]} at ${timeText(frame * span.seconds)} s: ${formatWeight(weight, 4)} = ${timesText(weight * keys)} uniform`;
      }}
      onPointerLeave={() => (hoverQuery.value = null)}
      onClick={() => hoverQuery.value !== null && !wasDragged() && pinQuery(hoverQuery.value)}
    >
      <RasterCanvas raster={matrix} label="Words over seconds" height={pitch * queries.length} />
      {starts !== null && (
        <svg class="sound-path" width={width} height={pitch * queries.length} aria-hidden="true">
          <path d={pathOf(starts, width / frames, pitch)} />
        </svg>
      )}
      <TimeMark range={range} frames={frames} />
      {row !== -1 && <i class="sound-shown" style={{ top: row * pitch, height: pitch }} />}
      {children}
      <output ref={said} class="sound-readout" aria-live="polite" />
    </div>
  );
}

function Times({ scene, pitch }: RowsProps) {
  const { starts, span, queries } = scene;
  return (
    <div class="sound-times" aria-label="Start and end of each word in seconds">
      {queries.map((at, row) => (
        <span
          key={at}
          class={shownQuery() === at ? "is-shown" : ""}
          style={{ height: pitch, lineHeight: `${pitch}px` }}
        >
          {timeText(starts![row]! * span.seconds)}–{timeText(starts![row + 1]! * span.seconds)}
        </span>
      ))}
    </div>
  );
}

/** When each word is spoken. */
function timesTable({ queries, names, starts, span }: SoundScene): Table {
  const secondsOf = (row: number): number => starts![row]! * span.seconds + (span.offset ?? 0);
  return {
    columns: ["position", "word", "start", "end"],
    rows: queries.map((at, row) => [at, names[row]!, secondsOf(row), secondsOf(row + 1)]),
  };
}

function soundExport(
  { record, weights, scene }: SceneProps,
  sound: Raster | null,
  matrix: Raster,
  { pitch, height: high }: { pitch: number; height: number },
) {
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
    table: timesTableOr(scene),
  };
}

const timesTableOr = (scene: SoundScene): Table =>
  scene.starts === null
    ? { columns: ["position"], rows: scene.queries.map((at) => [at]) }
    : timesTable(scene);
