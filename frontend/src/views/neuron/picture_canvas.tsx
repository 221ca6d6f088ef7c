/** Chosen query, rows in view → the canvas of the columns, with the marks that lie over it. */

import { useLayoutEffect, useMemo, useRef } from "preact/hooks";

import { makeRaster, type Raster } from "../../draw/raster";
import { putRaster } from "../../parts/put_raster";
import { query, theme } from "../../state";
import type { ScrollWindow } from "../../parts/token_lines/use_window";
import type { ColumnsLayout } from "./columns_layout";
import { DimensionPointer } from "./dimension_pointer";
import type { NeuronNumbers } from "./neuron_numbers";
import { paintPicture, type Picture } from "./picture";
import { largestOf } from "./query_numbers";
import type { ShownHead } from "./shown_head";
import { tokenText } from "./texts";
import { formatStep } from "../../text/format_number";

export interface PictureCanvasProps {
  shown: ShownHead;
  found: NeuronNumbers;
  layout: ColumnsLayout;
  seen: ScrollWindow;
  rowHeight: number;
  /** The pixels have been put on the canvas. */
  onDrawn: () => void;
}

/** Keeps one raster between pictures of one size. */
function useRaster(): (width: number, height: number) => Raster {
  const last = useRef<Raster>(makeRaster(0, 0));
  return (width, height) => {
    if (last.current.width === width && last.current.height === height) last.current.pixels.fill(0);
    else last.current = makeRaster(width, height);
    return last.current;
  };
}

function usePicture(props: PictureCanvasProps): Picture {
  const { shown, found, layout, seen, rowHeight } = props;
  const { vectors } = shown;
  const largest = useMemo(
    () => ({ largestQuery: largestOf(vectors.query), largestKey: largestOf(vectors.key) }),
    [vectors],
  );
  return {
    ...{ layout, vectors, rowHeight, ...largest },
    ...{ axes: found.axes, numbers: found.numbers, order: found.order },
    ...{ theme: theme.value, scrollTop: seen.top, scale: window.devicePixelRatio },
  };
}

/** Frame of the chosen query's row; in the accent colour where it is pinned. */
function QueryFrame({ found, layout, seen, rowHeight }: PictureCanvasProps) {
  const { numbers, axes } = found;
  const top = axes.query.rowOf[numbers.query]! * rowHeight - seen.top;
  const { x, width } = layout.query;
  return (
    <span
      class={query.value === numbers.query ? "query-frame is-pinned" : "query-frame"}
      style={{ top: `${top + 1}px`, left: `${x - 2}px`, width: `${width + 4}px` }}
    />
  );
}

function rowsHeight({ found, seen, rowHeight }: PictureCanvasProps): number {
  const { query: queries, key: keys } = found.axes;
  return Math.min(Math.max(queries.rows.length, keys.rows.length) * rowHeight, seen.height);
}

export function PictureCanvas(props: PictureCanvasProps) {
  const { shown, found, layout, seen, onDrawn } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const raster = useRaster();
  const picture = usePicture(props);
  const height = rowsHeight(props);
  useLayoutEffect(() => {
    const { scale } = picture;
    const target = raster(Math.round(layout.picture * scale), Math.round(height * scale));
    if (target.pixels.length === 0) return;
    paintPicture(target, picture);
    putRaster(canvas.current!, target);
    onDrawn();
  }, [
    shown,
    found.axes,
    found.numbers,
    found.order,
    layout.picture,
    height,
    picture.rowHeight,
    seen.top,
    theme.value,
    onDrawn,
  ]);
  const { layer, head } = shown.vectors;
  const who = tokenText(found.axes.query, found.numbers.query);
  return (
    <div class="neuron-picture" style={{ height: `${height}px` }}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={`Query, key, q × k, q · k and softmax of ${who} in layer ${layer} head ${head} at step ${formatStep(shown.record.step)}`}
        style={{ width: `${layout.picture}px`, height: `${height}px` }}
      />
      <QueryFrame {...props} />
      <DimensionPointer found={found} layout={layout} dimensions={shown.vectors.dimensions} />
    </div>
  );
}
