/** The chosen head's map at logged steps → a strip of frames, with the loss under it. */

import { memo } from "preact/compat";
import { useEffect, useMemo, useRef } from "preact/hooks";

import type { LayerHeader, RecordHeader } from "../../decoding/answers";
import type { Panel } from "../../decoding/panels";
import { axisOver } from "../../draw/step_axis";
import { pictureSize, useBasePicture } from "../../parts/picture_map/base_picture";
import { MapCanvas } from "../../parts/picture_map/map_canvas";
import { mapOf, patchMap } from "../../parts/picture_map/map_values";
import { ScalarChart } from "../../parts/chart/scalar_chart";
import { useWidth } from "../../parts/measured";
import {
  chosenList,
  film,
  isContribution,
  patternSteps,
  pictureLook,
  pixelsOf,
  scalarTags,
  selectStep,
  shown as shownOf,
  step,
  theme,
  wantedFilm,
} from "../../state";
import { positionName } from "../../text/patch_names";
import { formatStep, formatWeight } from "../../text/format_number";
import { mapLook, mapStyle, type ShownMaps } from "./shown_maps";

const FRAME = 72;
const GAP = 4;

/** Evenly spaced, first and last included, the shown one in place of its neighbour. */
export function frameSteps(steps: readonly number[], shown: number | null, most: number): number[] {
  if (steps.length <= most) return [...steps];
  const places = Array.from({ length: most }, (_, at) =>
    Math.round((at * (steps.length - 1)) / Math.max(1, most - 1)),
  );
  const at = steps.indexOf(shown ?? NaN);
  if (at !== -1 && !places.includes(at)) {
    const inner = places.slice(1, -1);
    const nearest = inner.reduce((best, each) =>
      Math.abs(each - at) < Math.abs(best - at) ? each : best,
    );
    places[places.indexOf(nearest)] = at;
  }
  return [...new Set(places)].sort((a, b) => a - b).map((place) => steps[place]!);
}

export interface FilmStripProps {
  readonly record: RecordHeader;
  readonly layer: number;
  readonly head: number;
  readonly name: string;
  readonly panel: Panel;
  readonly shown: ShownMaps;
  /** Height of the loss's plot. */
  readonly plot: number;
}

export function FilmStrip(props: FilmStripProps) {
  const { record, layer, head, name, shown } = props;
  const room = useRef<HTMLDivElement>(null);
  const width = useWidth(room);
  const most = Math.max(3, Math.floor((width + GAP) / (FRAME + GAP)));
  const list = chosenList.value ?? "tokens";
  const steps = useMemo(
    () => frameSteps(patternSteps.value, step.value, most),
    [patternSteps.value, step.value, most],
  );
  const { side, pinned: at } = shown;
  useEffect(() => {
    if (width > 0 && steps.length > 1) wantedFilm.value = { side, list, at, layer, head, steps };
  }, [side, list, at, layer, head, steps.join(), width > 0]);
  useEffect(() => () => void (wantedFilm.value = null), []);
  const axis = useMemo(() => axisOver([patternSteps.value], false), [patternSteps.value]);
  const hasScalars = (shownOf(scalarTags.value)?.length ?? 0) > 0;
  return (
    <section class="film" ref={room} aria-label={`What ${name} looked at, per step`}>
      {steps.length > 1 && (
        <>
          <h3>
            {filmTitle(side, name)}, per step
            <span>from {positionName(record, list, at)}; a click on a frame goes to its step</span>
          </h3>
          <Frames panel={props.panel} layer={shown.layer} {...{ side, pinned: at, steps }} />
          {hasScalars && width > 0 && <ScalarChart axis={axis} width={width} height={props.plot} />}
        </>
      )}
    </section>
  );
}

function filmTitle(side: "query" | "key", name: string): string {
  if (side === "query")
    return isContribution.value ? `What ${name} moved to it` : `What ${name} looked at`;
  return isContribution.value ? `Where it was moved to in ${name}` : `What looked at it in ${name}`;
}

interface FramesProps extends Pick<FilmStripProps, "panel"> {
  readonly steps: readonly number[];
  readonly layer: LayerHeader;
  readonly side: ShownMaps["side"];
  readonly pinned: number;
}

/** The pointer does not change them. */
const Frames = memo(function Frames({ panel, steps, ...of }: FramesProps) {
  const size = pictureSize(panel, FRAME, FRAME * 1.4);
  const base = useBasePicture(panel, pixelsOf(panel), size, pictureLook.value, theme.value);
  return (
    <div class="film-frames">
      {steps.map((at) => (
        <Frame key={at} {...{ at, panel, size, base }} {...of} line={film.value.get(at)} />
      ))}
    </div>
  );
});

interface FrameProps extends Omit<FramesProps, "steps"> {
  readonly at: number;
  readonly size: ReturnType<typeof pictureSize>;
  readonly base: ReturnType<typeof useBasePicture>;
  /** undefined: not yet there; null: it cannot be had. */
  readonly line: Float32Array | null | undefined;
}

function Frame({ at, panel, layer, side, pinned, size, base, line }: FrameProps) {
  const [look, style] = [mapLook(), mapStyle()];
  const values = useMemo(
    () =>
      line === null || line === undefined ? null : mapOf(line, layer, { panel, side, at: pinned }),
    [line, layer, panel, side, pinned],
  );
  const map = useMemo(
    () => (values === null ? null : patchMap(panel, values, look)),
    [values, look.scale, look.topShare, look.topLook],
  );
  const ink = useMemo(() => style, [style.theme, style.opacity, style.isSmooth]);
  const said =
    values === null ? (line === null ? "cannot be read" : "…") : formatWeight(values.share);
  return (
    <button
      type="button"
      aria-pressed={at === step.value}
      aria-label={`Step ${formatStep(at)}, ${said}`}
      onClick={() => selectStep(at)}
    >
      <MapCanvas base={base} map={map} style={ink} size={size} />
      <span>{formatStep(at)}</span>
      <span class="film-share">{said}</span>
    </button>
  );
}
