/** One cross layer and its sound → spectrogram and matrix on one axis of seconds, words with their times, heads that align. */

import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import { SOUND_END } from "../../draw/patch_map";
import type { Raster } from "../../draw/raster";
import { melHeight } from "../../draw/spectrogram";
import type { RecordHeader } from "../../decoding/answers";
import type { LayerWeights } from "../../decoding/decode";
import { useDrawnMark } from "../../parts/drawn_mark";
import { FaultNotes } from "../../parts/fault_notes";
import { useSize } from "../../parts/measured";
import { MapScale } from "../../parts/picture_map/map_legend";
import { useExport, useTable } from "../../saving/exported";
import {
  areSpecialsListed,
  hoverQuery,
  isSideShown,
  mapScale,
  media,
  playSpeed,
  query,
  shownHeads,
  theme,
} from "../../state";
import { AlignmentHeads } from "./alignment_heads";
import { type Playing, usePlaying } from "./playing";
import { RasterCanvas } from "./raster_canvas";
import { PROFILE, RowProfile } from "./row_profile";
import { soundExport } from "./sound_export";
import { LEAST_ROW, secondTicks, soundHeights } from "./sound_layout";
import { BANDS, matrixRaster, soundRaster } from "./sound_rasters";
import { rowSpokenAt, samplesOf, soundScene, timeText, type SoundScene } from "./sound_scene";
import { TimeFind, TimeMark, useFrameDrag, type FrameRange, type RangeProps } from "./time_range";
import { Matrix, Names, TEXT_ROW, Times } from "./word_rows";
import { STRIP, WordStretch, WordStrip } from "./word_strip";
import { timesTable } from "./word_times";

export interface SoundModeProps {
  record: RecordHeader;
  weights: LayerWeights;
  /** Number of each head, as in the model. */
  names: readonly string[];
}

const LEFT = 116;
const RIGHT = 92;
const AXIS = 18;
/** The scale, and what was drawn over the sound. */
const FOOT = 84;

export function SoundMode(props: SoundModeProps) {
  const { record, weights } = props;
  const scene = useMemo(
    () => soundScene(record, weights, areSpecialsListed.value),
    [record, weights, shownHeads.value, media.value, areSpecialsListed.value],
  );
  if (scene === null) return <p class="head-message is-quiet">This layer has no sound.</p>;
  return <Scene {...props} scene={scene} />;
}

interface SceneProps extends SoundModeProps {
  readonly scene: SoundScene;
}

function Scene(props: SceneProps) {
  const { record, weights, names, scene } = props;
  const room = useRef<HTMLDivElement>(null);
  const size = useSize(room);
  const keys = record.layers[weights.layer]!.keys;
  const samples = samplesOf(scene.span);
  const playing = usePlaying(samples, Number(playSpeed.value));
  const [range, setRange] = useState<FrameRange | null>(null);
  const width = Math.max(120, Math.floor(size.width - LEFT - RIGHT));
  const above = AXIS + PROFILE + (scene.path === null ? 0 : STRIP);
  const { sound: height, pitch } = soundHeights(
    size.height - above - FOOT,
    scene.queries.length,
    scene.path === null ? LEAST_ROW.frames : LEAST_ROW.words,
  );
  const row = shownRow(scene, playing);
  const onDrawn = useDrawnMark("head", [scene, theme.value, mapScale.value, samples, "sound"]);
  const sound = useMemo(() => soundRaster(scene, width, theme.value), [scene, width, theme.value]);
  const matrix = useMemo(
    () => matrixRaster(scene, width, keys, theme.value),
    [scene, width, keys, theme.value, mapScale.value],
  );
  useExport(() => soundExport(props, sound, matrix, { pitch, height, row }));
  useTable("Word times", scene.path && (() => timesTable(scene)));
  const hasTimes = scene.path !== null && pitch >= TEXT_ROW;
  useLayoutEffect(() => {
    if (size.width > 0) onDrawn();
  }, [onDrawn, size.width > 0]);
  return (
    <div class="sound-mode">
      <div class="sound-main" ref={room}>
        <FaultNotes record={record} layer={weights.layer} names={names} />
        <div class="sound-top">
          <WordStrip scene={scene} width={width} row={row} />
          <SoundRow
            {...{ scene, sound, samples, playing, width, height, range, row }}
            onRange={setRange}
          />
          <RowProfile {...{ scene, row, width, keys }} left={LEFT}>
            <Playhead {...{ playing, scene, samples }} />
          </RowProfile>
          <TimeAxis seconds={scene.seconds} width={width} hasTimes={hasTimes} />
        </div>
        <div class="sound-row">
          <Names {...{ scene, pitch, row }} left={LEFT} />
          <Matrix {...{ scene, matrix, width, pitch, row, keys, range }} onRange={setRange}>
            <Playhead {...{ playing, scene, samples }} />
          </Matrix>
          <Times {...{ scene, pitch, row }} />
        </div>
        <div class="model-legend">
          <MapScale keys={keys} end={SOUND_END} />
        </div>
        <TimeFind {...{ record, scene, range }} layer={weights.layer} onRange={setRange} />
      </div>
      {isSideShown.value && <AlignmentHeads {...{ record, weights, scene }} at={playing.at} />}
    </div>
  );
}

/** Pointed at, else spoken while the sound plays, else pinned. */
function shownRow(scene: SoundScene, { isOn, at }: Playing): number {
  if (hoverQuery.value !== null) return scene.queries.indexOf(hoverQuery.value);
  const spoken = isOn ? rowSpokenAt(scene, Math.floor(at / scene.span.seconds)) : -1;
  return spoken === -1 ? scene.queries.indexOf(query.value ?? -1) : spoken;
}

interface SoundRowProps extends RangeProps {
  readonly scene: SoundScene;
  readonly sound: Raster | null;
  readonly samples: ReturnType<typeof samplesOf>;
  readonly playing: Playing;
  readonly width: number;
  readonly height: number;
  readonly row: number;
}

/** The spectrogram, with the button that plays it. */
function SoundRow(props: SoundRowProps) {
  const { scene, sound, samples, playing, width, height, range, row, onRange } = props;
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
        {samples !== null && <span>{BANDS} mel bands</span>}
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
        <WordStretch scene={scene} row={row} />
        <Playhead {...{ playing, scene, samples }} />
      </div>
      {samples !== null && <Frequencies most={samples.rate / 2} height={height} />}
    </div>
  );
}

const HERTZ = [500, 1000, 2000, 4000];
/** Of two numbers, in pixels. */
const APART = 20;

/** The spectrogram's axis. */
function Frequencies({ most, height }: { readonly most: number; readonly height: number }) {
  const yOf = (hertz: number): number => height * (1 - melHeight(hertz, most));
  const ticks = HERTZ.filter((hertz) => yOf(hertz) > APART && hertz < most).reduce<number[]>(
    (kept, hertz) =>
      kept.length > 0 && yOf(kept.at(-1)!) - yOf(hertz) < APART ? kept : [...kept, hertz],
    [],
  );
  return (
    <div class="sound-hertz" aria-hidden="true">
      {[...ticks, most].map((hertz) => (
        <span key={hertz} style={{ top: Math.max(6, yOf(hertz)) }}>
          {Number((hertz / 1000).toPrecision(2))}
          {hertz === most && " kHz"}
        </span>
      ))}
    </div>
  );
}

type PlayheadProps = Pick<SoundRowProps, "playing" | "scene" | "samples">;

function Playhead({ playing, scene, samples }: PlayheadProps) {
  if (samples === null) return null;
  return (
    <i class="playhead" style={{ left: `${100 * Math.min(1, playing.at / scene.seconds)}%` }} />
  );
}

interface TimeAxisProps {
  readonly seconds: number;
  readonly width: number;
  /** Start and end of each word stand beside it. */
  readonly hasTimes: boolean;
}

function TimeAxis({ seconds, width, hasTimes }: TimeAxisProps) {
  return (
    <div class="time-axis" style={{ marginLeft: LEFT, width, height: AXIS }} aria-hidden="true">
      {secondTicks(seconds, width).map((at) => (
        <span key={at} style={{ left: `${(100 * at) / seconds}%` }}>
          {Number(at.toFixed(1))}
          {at === 0 && " s"}
        </span>
      ))}
      {hasTimes && (
        <div class="times-head">
          <b>start, s</b>
          <b>end, s</b>
        </div>
      )}
    </div>
  );
}
