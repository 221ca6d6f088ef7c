/** A picture and a map → one canvas. */

import { useLayoutEffect, useRef } from "preact/hooks";

import { drawPatchMap, type MapStyle, type PatchMap } from "../../draw/patch_map";
import type { Raster } from "../../draw/raster";
import { putRaster } from "../put_raster";
import type { BasePicture, PictureSize } from "./base_picture";

/** The picture with the map over it, on pixels of its own. */
export function drawnMap(
  { raster, box }: BasePicture,
  map: PatchMap | null,
  style: MapStyle,
): Raster {
  const drawn = { ...raster, pixels: raster.pixels.slice() };
  if (map !== null) drawPatchMap(drawn, box, map, style);
  return drawn;
}

export interface MapCanvasProps {
  readonly base: BasePicture;
  /** null: the picture alone. */
  readonly map: PatchMap | null;
  readonly style: MapStyle;
  readonly size: PictureSize;
  /** Without one it is decoration: what stands around it says it. */
  readonly label?: string;
}

export function MapCanvas({ base, map, style, size, label }: MapCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    putRaster(canvas.current!, drawnMap(base, map, style));
  }, [base, map, style]);
  const named =
    label === undefined ? { "aria-hidden": true } : { role: "img" as const, "aria-label": label };
  return <canvas ref={canvas} {...named} style={{ width: size.width, height: size.height }} />;
}
