/** What is in view of a scrolled picture → the part of it that a canvas of bounded size holds. */
import type { Box } from "./raster";

export interface Extent {
  readonly width: number;
  readonly height: number;
}

/** Room drawn beyond each edge of the view, so that scrolling shows pixels that are already there. */
const MARGIN = 240;

/** Keeps the present window while the view lies inside it, else centres a new one; never beyond the content. */
export function canvasWindow(view: Box, content: Extent, present: Box | null): Box {
  const width = Math.min(content.width, view.width + 2 * MARGIN);
  const height = Math.min(content.height, view.height + 2 * MARGIN);
  const fits = present !== null && present.width === width && present.height === height;
  if (fits && holds(present, view, content)) return present;
  return {
    x: clamp(view.x - MARGIN, 0, content.width - width),
    y: clamp(view.y - MARGIN, 0, content.height - height),
    width,
    height,
  };
}

function holds(window: Box, view: Box, content: Extent): boolean {
  const right = Math.min(view.x + view.width, content.width);
  const bottom = Math.min(view.y + view.height, content.height);
  return (
    window.x <= Math.max(0, view.x) &&
    window.y <= Math.max(0, view.y) &&
    window.x + window.width >= right &&
    window.y + window.height >= bottom
  );
}

function clamp(value: number, least: number, most: number): number {
  return Math.round(Math.min(Math.max(value, least), Math.max(least, most)));
}

export function intersects(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** The scroll position closest to the present one at which a stretch of the content is in view. */
export function nearestScroll(
  present: number,
  viewLength: number,
  start: number,
  length: number,
): number {
  if (start < present) return start;
  return Math.max(present, start + length - viewLength);
}

const TIP_GAP = 10;

/** Where a tip of the given size goes: beside the pointed box, inside the bounds, off the box to be left free. */
export function placeTip(pointed: Box, free: Box | null, tip: Extent, bounds: Box): Box {
  const places = [
    ...placesBeside(pointed, tip),
    ...(free === null ? [] : placesBeside(free, tip)),
  ].map(({ x, y }) => ({
    x: clamp(x, bounds.x, bounds.x + bounds.width - tip.width),
    y: clamp(y, bounds.y, bounds.y + bounds.height - tip.height),
    ...tip,
  }));
  const uncovered = places.filter((place) => !intersects(place, pointed));
  const clear = uncovered.find((place) => free === null || !intersects(place, free));
  return clear ?? uncovered[0] ?? places[0]!;
}

/** Right, left, above and below, the nicest first. */
function placesBeside(box: Box, tip: Extent): { x: number; y: number }[] {
  const lefts = [box.x + box.width + TIP_GAP, box.x - TIP_GAP - tip.width];
  const tops = [box.y + box.height + 4 - tip.height, box.y - 4];
  const starts = [box.x + (box.width - tip.width) / 2, box.x, box.x + box.width - tip.width];
  const levels = [box.y - TIP_GAP - tip.height, box.y + box.height + TIP_GAP];
  return [
    ...lefts.flatMap((x) => tops.map((y) => ({ x, y }))),
    ...levels.flatMap((y) => starts.map((x) => ({ x, y }))),
  ];
}
