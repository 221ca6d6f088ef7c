/** What a view shows, as data: texts, boxes, lines and cells at their places in CSS pixels; the first lies lowest. */

import type { Box, Raster } from "./raster";
import { colourOf, type Theme } from "./theme";

/** Colours of what is not data. */
export interface Paper {
  readonly background: string;
  readonly ink: string;
  readonly second: string;
  readonly hairline: string;
}

function paperOf(theme: Theme): Paper {
  return {
    background: colourOf("background", theme),
    ink: colourOf("text", theme),
    second: colourOf("second", theme),
    hairline: colourOf("hairline", theme),
  };
}

export const papers: Record<Theme, Paper> = { light: paperOf("light"), dark: paperOf("dark") };

export interface TextShape {
  readonly kind: "text";
  readonly x: number;
  /** Of the baseline. */
  readonly y: number;
  readonly text: string;
  readonly colour?: string;
  readonly size?: number;
  readonly anchor?: "start" | "middle" | "end";
  readonly isBold?: boolean;
  /** Degrees, clockwise. */
  readonly turned?: number;
}

export interface BoxShape extends Box {
  readonly kind: "box";
  readonly colour: string;
}

/** Leaves and arrives level. */
export interface CurveShape {
  readonly kind: "curve";
  readonly from: readonly [x: number, y: number];
  readonly to: readonly [x: number, y: number];
  readonly colour: string;
  readonly width: number;
  readonly opacity: number;
  readonly isDashed?: boolean;
}

export interface LineShape {
  readonly kind: "line";
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly colour: string;
  readonly width: number;
  readonly isDotted?: boolean;
}

/** One pixel of the raster is one cell; transparent ones are left out. */
export interface CellsShape extends Box {
  readonly kind: "cells";
  readonly raster: Raster;
}

export type Shape = TextShape | BoxShape | CurveShape | LineShape | CellsShape;

/** The same shape elsewhere. */
export function moveShape(shape: Shape, right: number, down: number): Shape {
  const move = ([x, y]: readonly [number, number]) => [x + right, y + down] as const;
  if (shape.kind === "curve") return { ...shape, from: move(shape.from), to: move(shape.to) };
  if (shape.kind === "line") return { ...shape, points: shape.points.map(move) };
  return { ...shape, x: shape.x + right, y: shape.y + down };
}

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly background: string;
  /** Of texts that have none of their own. */
  readonly ink: string;
  readonly shapes: readonly Shape[];
}
