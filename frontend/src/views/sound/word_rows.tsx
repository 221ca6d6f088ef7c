/** Words and their weights → a row each on the axis of seconds: names, matrix with the path, start and end. */

import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";

import type { Raster } from "../../draw/raster";
import { hoverQuery, isPathDrawn, pinQuery, query } from "../../state";
import { formatWeight } from "../../text/format_number";
import { timesText } from "../../text/patch_names";
import { elide } from "../../text/tokens";
import { RasterCanvas } from "./raster_canvas";
import { timeText, type SoundScene, type Stretch } from "./sound_scene";
import { TimeMark, useFrameDrag, type RangeProps } from "./time_range";

/** Rows lower than this have no text. */
export const TEXT_ROW = 12;

interface RowsProps {
  readonly scene: SoundScene;
  readonly pitch: number;
  /** The one that is looked at, −1 for none. */
  readonly row: number;
  /** Width of the names. */
  readonly left: number;
}

/** Steps from word to word, broken where a row is spoken at no time. */
function stepsOf(path: readonly (Stretch | null)[], across: number, pitch: number): string {
  return path
    .map((stretch, row) => {
      if (stretch === null) return "";
      return `M${stretch[0] * across} ${row * pitch}V${(row + 1) * pitch}H${stretch[1] * across}`;
    })
    .join("");
}

export function Names({ scene, pitch, row: shown, left }: RowsProps) {
  if (pitch < TEXT_ROW) return <div class="sound-names" style={{ width: left }} />;
  return (
    <div class="sound-names" role="group" aria-label="Words" style={{ width: left }}>
      {scene.queries.map((at, row) => (
        <button
          key={at}
          type="button"
          aria-pressed={query.value === at}
          class={row === shown ? "is-shown" : ""}
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

interface MatrixProps extends Omit<RowsProps, "left">, RangeProps {
  readonly matrix: Raster;
  readonly width: number;
  readonly keys: number;
  readonly children: ComponentChildren;
}

export function Matrix(props: MatrixProps) {
  const { scene, matrix, width, pitch, row, keys, children, range, onRange } = props;
  const { wasDragged, ...drag } = useFrameDrag(scene.frames, onRange);
  const said = useRef<HTMLOutputElement>(null);
  const { frames, path, weights, queries, span } = scene;
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
      {path !== null && isPathDrawn.value && (
        <svg class="sound-path" width={width} height={pitch * queries.length} aria-hidden="true">
          <path d={stepsOf(path, width / frames, pitch)} />
        </svg>
      )}
      <TimeMark range={range} frames={frames} />
      {row !== -1 && <i class="sound-shown" style={{ top: row * pitch, height: pitch }} />}
      {children}
      <output ref={said} class="sound-readout" aria-live="polite" />
    </div>
  );
}

export function Times({ scene, pitch, row: shown }: Omit<RowsProps, "left">) {
  const { path, span, queries } = scene;
  if (path === null || pitch < TEXT_ROW) return null;
  return (
    <div class="sound-times" aria-label="Start and end of each word in seconds">
      {queries.map((at, row) => (
        <div
          key={at}
          class={row === shown ? "is-shown" : ""}
          style={{ height: pitch, lineHeight: `${pitch}px` }}
        >
          {path[row]?.map((frame, end) => (
            <span key={end}>{timeText(frame * span.seconds)}</span>
          ))}
        </div>
      ))}
    </div>
  );
}
