/** Weights, rows and the focused token → a canvas of all lines and one over it of the focus. */

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import type { LayerWeights } from "../../decoding/decode";
import { type LinePicture, LineRasteriser } from "../../draw/lines";
import { rgbOf } from "../../draw/colour";
import { type LayerAxes, tokenPlaces } from "./axis";
import type { Focus } from "./focus";
import { useWidth } from "../measured";

export interface ShownHead {
  /** Index in the weights. */
  head: number;
  /** #rrggbb */
  colour: string;
}

export interface LineCanvasProps {
  weights: LayerWeights;
  heads: readonly ShownHead[];
  axes: LayerAxes;
  rowHeight: number;
  scrollTop: number;
  height: number;
  /** Tokens stand side by side, queries above keys: `scrollTop` and `rowHeight` then go from left to right. */
  sideways?: boolean;
  focus: Focus | null;
  /** What becomes of all the other lines. */
  others: "shown" | "faint" | "hidden";
  /** Of the focused token alone: the text is too long for all lines at once. */
  alone?: boolean;
  threshold: number;
  gain: number;
  label: string;
  /** What lies over the lines, and may go beyond them; the width is theirs. */
  beside?: (width: number) => ComponentChildren;
  /** The pixels have been put on the canvas. */
  onDrawn?: (() => void) | undefined;
}

/** Optical density and width of lines: quiet in the crowd, strong for the focused token. */
export const crowd = { gain: 1.6, width0: 1, widthPerWeight: 0.4 };
export const focused = { gain: 4, width0: 1, widthPerWeight: 2.2 };
/** With more heads than these every line of the crowd is fainter, or the picture is one dark mass. */
export const manyHeads = 12;
/** Room that the heads' lines take side by side, and the most between two, in rows and pixels. */
const spread = { share: 0.6, most: 3.6 };

export function offsets(count: number, rowHeight: number): number[] {
  const pitch = count < 2 ? 0 : Math.min(spread.most, (spread.share * rowHeight) / (count - 1));
  return Array.from({ length: count }, (_, i) => (i - (count - 1) / 2) * pitch);
}

/** Rows become columns. */
export function turned(
  bytes: Uint8ClampedArray<ArrayBuffer>,
  width: number,
  height: number,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint32Array(bytes.buffer);
  const out = new Uint32Array(pixels.length);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++)
      out[column * height + row] = pixels[row * width + column]!;
  return new Uint8ClampedArray(out.buffer);
}

function paint(
  canvas: HTMLCanvasElement,
  rasteriser: LineRasteriser,
  weights: LayerWeights,
  picture: LinePicture,
  sideways: boolean,
): void {
  const [width, height] = sideways
    ? [picture.height, picture.width]
    : [picture.width, picture.height];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const upright = rasteriser.draw(weights, picture);
  const pixels = sideways ? turned(upright, picture.width, picture.height) : upright;
  canvas.getContext("2d")?.putImageData(new ImageData(pixels, width, height), 0, 0);
}

/** What both canvases share; null while there is no room. */
function usePicture(props: LineCanvasProps, width: number): LinePicture | null {
  const { heads, axes, rowHeight, scrollTop, height, threshold, gain, sideways = false } = props;
  return useMemo(() => {
    if (width < 1 || height < 1) return null;
    const ratio = window.devicePixelRatio;
    const shifts = offsets(heads.length, rowHeight);
    return {
      width: Math.round((sideways ? height : width) * ratio),
      height: Math.round((sideways ? width : height) * ratio),
      queryY: tokenPlaces(axes.query, rowHeight, scrollTop, ratio),
      keyY: tokenPlaces(axes.key, rowHeight, scrollTop, ratio),
      heads: heads.map(({ head, colour }, i) => ({
        head,
        colour: rgbOf(colour),
        offset: shifts[i]! * ratio,
      })),
      threshold,
      gain: gain * crowd.gain * Math.min(1, manyHeads / heads.length),
      width0: crowd.width0 * ratio,
      widthPerWeight: crowd.widthPerWeight * ratio,
    };
  }, [heads, axes, rowHeight, scrollTop, width, height, threshold, gain, sideways]);
}

function focusPicture(picture: LinePicture, focus: Focus, gain: number): LinePicture {
  const ratio = picture.width0 / crowd.width0;
  return {
    ...picture,
    gain: gain * focused.gain,
    width0: focused.width0 * ratio,
    widthPerWeight: focused.widthPerWeight * ratio,
    [focus.side]: focus.token,
  };
}

export function LineCanvas(props: LineCanvasProps) {
  const { weights, focus, gain, others, onDrawn, sideways = false, alone = false } = props;
  const room = useRef<HTMLDivElement>(null);
  const all = useRef<HTMLCanvasElement>(null);
  const over = useRef<HTMLCanvasElement>(null);
  const [rasteriser] = useState(() => new LineRasteriser());
  const width = useWidth(room);
  const picture = usePicture(props, width);

  useLayoutEffect(() => {
    if (picture === null) return;
    if (alone) all.current!.width = 1;
    else paint(all.current!, rasteriser, weights, picture, sideways);
  }, [picture, weights, rasteriser, alone]);

  useLayoutEffect(() => {
    if (picture === null || focus === null) return;
    paint(over.current!, rasteriser, weights, focusPicture(picture, focus, gain), sideways);
  }, [picture, weights, rasteriser, focus?.side, focus?.token, gain]);

  useLayoutEffect(() => {
    if (picture !== null) onDrawn?.();
  }, [picture, weights, onDrawn]);

  const size = { height: `${props.height}px` };
  return (
    <div
      class={props.beside === undefined ? "line-room" : "line-room has-no-key"}
      ref={room}
      style={size}
    >
      <canvas ref={all} class={`is-${others}`} role="img" aria-label={props.label} style={size} />
      <canvas ref={over} hidden={focus === null} aria-hidden="true" style={size} />
      {props.beside?.(width)}
    </div>
  );
}
