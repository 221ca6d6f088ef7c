/** A grid layout → its head numbers, layer numbers and group headings; they stay in view while the grid scrolls. */

import { Fragment } from "preact";
import { memo } from "preact/compat";

import { TALL } from "../../draw/evolution_picture";
import { headsInOrder, linePitch, rowParts, type GridLayout, type GridRow } from "../../draw/grid";

/** Numbers nearer to each other run together. */
const LEAST_ACROSS = 22;
const LEAST_DOWN = 14;
const MEAN_WIDTH = 32;

/** Every one, or each 2nd, 4th, 5th, 8th, 10th, … that has room. */
function stride(pitch: number, least: number): number {
  const wanted = least / pitch;
  return [1, 2, 4, 5, 8, 10, 16, 20, 50].find((each) => each >= wanted) ?? 100;
}

export interface ColumnLabelsProps {
  readonly layout: GridLayout;
  /** Instead of head numbers, when every layer has its own order. */
  readonly caption: string | null;
  readonly hasMean: boolean;
  readonly meanName: string;
}

export const ColumnLabels = memo(function ColumnLabels(props: ColumnLabelsProps) {
  const { layout, caption, hasMean, meanName } = props;
  const every = stride(layout.pitchX, LEAST_ACROSS);
  const width = Math.max(layout.cell.width, LEAST_ACROSS);
  const centre = (x: number) => ({ left: x + (layout.cell.width - width) / 2, width });
  return (
    <div class="grid-columns" style={{ width: layout.width }} aria-hidden="true">
      {caption === null ? (
        headsInOrder(Math.ceil(layout.columns / every))
          .map((at) => at * every)
          .map((head) => (
            <span key={head} class="grid-number" style={centre(head * layout.pitchX)}>
              {head}
            </span>
          ))
      ) : (
        <span class="grid-caption" title={caption} style={{ maxWidth: captionWidth(layout) }}>
          {caption}
        </span>
      )}
      {hasMean && layout.meanX !== null && (
        <span class="grid-number" style={centre(layout.meanX)}>
          {meanName}
        </span>
      )}
    </div>
  );
});

/** It ends before the name of the column of means. */
function captionWidth({ meanX, cell }: GridLayout): number | undefined {
  return meanX === null ? undefined : Math.min(meanX, meanX + (cell.width - MEAN_WIDTH) / 2) - 4;
}

export interface LayerLabelsProps {
  readonly layout: GridLayout;
  /** Ends of the axis of tall rows; null: there is none. */
  readonly axis: readonly [least: string, most: string] | null;
}

export const LayerLabels = memo(function LayerLabels({ layout, axis }: LayerLabelsProps) {
  const every = stride(layout.pitchY, LEAST_DOWN);
  return (
    <div class="grid-layers" style={{ height: layout.height }} aria-hidden="true">
      {layout.headings.map(({ text, top }) => (
        <span key={text} class="grid-heading" style={{ top }}>
          {text}
        </span>
      ))}
      {layout.rows.map((row, at) =>
        at % every !== 0 && !row.isFolded ? null : (
          <span key={row.layer} class="grid-layer" style={labelPlace(layout, row)}>
            {row.number ?? row.layer}
          </span>
        ),
      )}
      {axis !== null &&
        layout.rows.map((row) => <Axis key={row.layer} {...{ layout, row, axis }} />)}
    </div>
  );
});

function labelPlace(layout: GridLayout, row: GridRow) {
  const height = Math.max(LEAST_DOWN, rowParts(layout, row).height);
  return { top: row.top, height };
}

function hasAxis(layout: GridLayout, row: GridRow): boolean {
  return !row.isFolded && !layout.isOverview && rowParts(layout, row).sparkHeight >= TALL;
}

interface AxisProps {
  readonly layout: GridLayout;
  readonly row: GridRow;
  readonly axis: readonly [least: string, most: string];
}

function Axis({ layout, row, axis: [least, most] }: AxisProps) {
  if (!hasAxis(layout, row)) return null;
  const { sparkTop, sparkHeight } = rowParts(layout, row);
  return Array.from({ length: row.lines }, (_, line) => {
    const top = row.top + line * linePitch(row) + sparkTop;
    return (
      <Fragment key={line}>
        <span class="grid-axis" style={{ top: top - 4 }}>
          {most}
        </span>
        <span class="grid-axis" style={{ top: top + sparkHeight - 9 }}>
          {least}
        </span>
      </Fragment>
    );
  });
}
