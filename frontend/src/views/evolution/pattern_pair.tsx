/** A head → its pattern at the first and at the last step, small and side by side. */

import { useLayoutEffect, useRef } from "preact/hooks";

import type { Thumbnails } from "../../decoding/decode";
import { sequentialTable } from "../../draw/colour";
import type { Cell } from "../../draw/grid";
import { headCodes } from "../../draw/heads_picture";
import { drawHeatmap } from "../../draw/heatmap";
import { makeRaster } from "../../draw/raster";
import { putRaster } from "../../parts/put_raster";
import { edgePatterns, theme } from "../../state";

const SIDE = 36;

export function PatternPair({ cell }: { readonly cell: Cell }) {
  const edges = edgePatterns.value;
  if (edges === null) return null;
  const [first, last] = edges.steps;
  return (
    <span class="pattern-pair" title={`its pattern at step ${first}, and at step ${last}`}>
      <Pattern of={edges.before} cell={cell} />
      <span aria-hidden="true">→</span>
      <Pattern of={edges.after} cell={cell} />
    </span>
  );
}

function Pattern({ of, cell }: { readonly of: Thumbnails; readonly cell: Cell }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const codes = headCodes(of, cell.layer, cell.head);
    const side = Math.round(SIDE * window.devicePixelRatio);
    const raster = makeRaster(side, side);
    if (codes !== null)
      drawHeatmap(
        raster,
        { x: 0, y: 0, width: side, height: side },
        codes,
        sequentialTable(theme.value),
      );
    putRaster(canvas.current!, raster);
  }, [of, cell.layer, cell.head, theme.value]);
  return <canvas ref={canvas} aria-hidden="true" style={{ width: SIDE, height: SIDE }} />;
}
