/** Words and their stretches of time → the words over the sound, with ticks where they start and end. */

import { useMemo } from "preact/hooks";

import { hoverQuery, pinQuery } from "../../state";
import { elide } from "../../text/tokens";
import type { SoundScene } from "./sound_scene";
import { placeWords } from "./word_places";

export const STRIP = 24;
const LONGEST = 18;
/** Of a letter beside another, in the page's font, where a canvas cannot tell. */
const LETTER = 7;

let measured: CanvasRenderingContext2D | null | undefined;

function widthOf(text: string, font: string): number {
  measured ??= document.createElement("canvas").getContext("2d");
  if (measured === null) return LETTER * text.length;
  measured.font = `500 12px ${font}`;
  return Math.ceil(measured.measureText(text).width) + 2;
}

interface WordStripProps {
  readonly scene: SoundScene;
  readonly width: number;
  /** The row that is looked at, −1 for none. */
  readonly row: number;
}

/** Where each spoken word stands over the sound; `left` null: there is no room for it. */
export function stripWords({ path, frames, names }: SoundScene, width: number) {
  const font = getComputedStyle(document.body).fontFamily;
  const timed = (path ?? []).flatMap((stretch, row) => {
    if (stretch === null) return [];
    const text = elide(names[row]!, LONGEST);
    const [start, end] = stretch.map((frame) => (frame / frames) * width) as [number, number];
    return [{ row, text, start, end, middle: (start + end) / 2, width: widthOf(text, font) }];
  });
  const lefts = placeWords(timed, width);
  return timed.map((word, at) => ({ ...word, left: lefts[at]! }));
}

export function WordStrip({ scene, width, row: shown }: WordStripProps) {
  const { path, queries } = scene;
  const words = useMemo(() => stripWords(scene, width), [scene, width]);
  if (path === null) return null;
  return (
    <div class="sound-strip" style={{ width, height: STRIP }} aria-hidden="true">
      {words.map(({ row, text, start, end, middle, width: own, left }) => {
        const isShown = row === shown;
        if (left === null && !isShown) return <Ticks key={row} start={start} end={end} />;
        const at = left ?? Math.max(0, Math.min(width - own, middle - own / 2));
        return (
          <>
            <Ticks key={row} start={start} end={end} />
            <button
              key={`${row} word`}
              type="button"
              tabIndex={-1}
              class={isShown ? "is-shown" : ""}
              style={{ left: at, width: own }}
              onPointerEnter={() => (hoverQuery.value = queries[row]!)}
              onPointerLeave={() => (hoverQuery.value = null)}
              onClick={() => pinQuery(queries[row]!)}
            >
              <bdi>{text}</bdi>
            </button>
          </>
        );
      })}
    </div>
  );
}

function Ticks({ start, end }: { readonly start: number; readonly end: number }) {
  return <i style={{ left: start + 1, width: Math.max(0, end - start - 2) }} />;
}

interface StretchProps {
  readonly scene: SoundScene;
  readonly row: number;
}

/** The looked-at word's time, framed. */
export function WordStretch({ scene: { path, frames }, row }: StretchProps) {
  const stretch = path?.[row];
  if (stretch === null || stretch === undefined) return null;
  const [first, end] = stretch;
  const style = {
    left: `${(100 * first) / frames}%`,
    width: `${(100 * Math.max(0.2, end - first)) / frames}%`,
  };
  return <i class="sound-stretch" style={style} />;
}
