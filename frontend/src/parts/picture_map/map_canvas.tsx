/** A picture and a map → one canvas. */

import { useLayoutEffect, useRef } from "preact/hooks";

import { drawPatchMap, type MapStyle, type PatchMap } from "../../draw/patch_map";
import { makeRaster, type Raster } from "../../draw/raster";
import { putRaster } from "../put_raster";
import type { BasePicture, PictureSize } from "./base_picture";
import { strokeMarks, type PatchMarks } from "./patch_marks";

/** The picture with the map over it, on pixels of its own: those of `before` where they are as many. */
export function drawnMap(
  { raster, box }: BasePicture,
  map: PatchMap | null,
  style: MapStyle,
  before: Raster | null = null,
): Raster {
  const { width, height } = raster;
  const fits = before?.width === width && before.height === height;
  const drawn = fits ? before : makeRaster(width, height);
  drawn.pixels.set(raster.pixels);
  if (map !== null) drawPatchMap(drawn, box, map, style);
  return drawn;
}

export interface MapCanvasProps {
  readonly base: BasePicture;
  /** null: the picture alone. */
  readonly map: PatchMap | null;
  readonly style: MapStyle;
  readonly size: PictureSize;
  readonly marks?: PatchMarks;
  /** Without one it is decoration: what stands around it says it. */
  readonly label?: string;
}

export function MapCanvas({ base, map, style, size, marks, label }: MapCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawn = useRef<Raster | null>(null);
  useLayoutEffect(() => {
    drawn.current = drawnMap(base, map, style, drawn.current);
  }, [base, map, style]);
  useLayoutEffect(() => {
    const context = putRaster(canvas.current!, drawn.current!);
    if (context !== null && marks !== undefined)
      strokeMarks(context, base.box, marks, style.theme, window.devicePixelRatio);
  }, [base, map, style, marks?.pinned, marks?.pointed]);
  const named =
    label === undefined ? { "aria-hidden": true } : { role: "img" as const, "aria-label": label };
  return <canvas ref={canvas} {...named} style={{ width: size.width, height: size.height }} />;
}
