/** A picture → the text of an SVG file: texts are texts, lines are lines, cells are boxes, or an image where they are many. */

import type { CellsShape, CurveShape, LineShape, Picture, Shape, TextShape } from "./picture";
import { encodePng } from "./png";

/** Cells of a picture beyond these travel as images. */
export const MOST_CELLS = 20_000;

const FONT = "Roboto, Helvetica Neue, Arial, sans-serif";
const SIZE = 13;

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** XML has no characters for some that a token may hold. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r -\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD")
    .replace(/[&<>"]/g, (letter) => entities[letter]!);
}

const short = (value: number): string => String(Math.round(100 * value) / 100);

function textElement({ x, y, text, colour, size, anchor, isBold, turned }: TextShape): string {
  const more = [
    colour !== undefined && ` fill="${colour}"`,
    size !== undefined && ` font-size="${size}"`,
    anchor !== undefined && ` text-anchor="${anchor}"`,
    isBold === true && ` font-weight="600"`,
    turned !== undefined && ` transform="rotate(${turned} ${short(x)} ${short(y)})"`,
  ];
  const place = `x="${short(x)}" y="${short(y)}"`;
  return `<text ${place}${more.filter(Boolean).join("")}>${escapeXml(text)}</text>`;
}

function curveElement({ from, to, colour, width, opacity, isDashed }: CurveShape): string {
  const [[x, y], [right, end]] = [from, to];
  const middle = short((x + right) / 2);
  const path = `M${short(x)} ${short(y)}C${middle} ${short(y)} ${middle} ${short(end)} ${short(right)} ${short(end)}`;
  const look = `stroke="${colour}" stroke-width="${short(width)}" stroke-opacity="${short(opacity)}"`;
  const dashed = isDashed === true ? ` stroke-dasharray="4 4"` : "";
  return `<path d="${path}" fill="none" ${look}${dashed}/>`;
}

function lineElement({ points, colour, width, isDotted }: LineShape): string {
  const places = points.map(([x, y]) => `${short(x)},${short(y)}`).join(" ");
  const dotted = isDotted === true ? ` stroke-dasharray="1 2"` : "";
  return `<polyline points="${places}" fill="none" stroke="${colour}" stroke-width="${short(width)}"${dotted}/>`;
}

function boxElement(x: number, y: number, width: number, height: number, look: string): string {
  return `<rect x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}" ${look}/>`;
}

const hex = (byte: number): string => byte.toString(16).padStart(2, "0");

function look(pixel: number): string {
  const colour = `#${hex(pixel & 255)}${hex((pixel >> 8) & 255)}${hex((pixel >> 16) & 255)}`;
  const alpha = pixel >>> 24;
  return `fill="${colour}"${alpha === 255 ? "" : ` fill-opacity="${short(alpha / 255)}"`}`;
}

/** Neighbours of one colour are one box. */
function cellBoxes({ x, y, width, height, raster }: CellsShape): string {
  const [across, down] = [width / raster.width, height / raster.height];
  const boxes: string[] = [];
  for (let row = 0; row < raster.height; row++) {
    const line = raster.pixels.subarray(row * raster.width, (row + 1) * raster.width);
    for (let column = 0; column < line.length;) {
      const pixel = line[column]!;
      let next = column + 1;
      while (next < line.length && line[next] === pixel) next++;
      const [left, top] = [x + column * across, y + row * down];
      if (pixel >>> 24 !== 0)
        boxes.push(boxElement(left, top, (next - column) * across, down, look(pixel)));
      column = next;
    }
  }
  return `<g shape-rendering="crispEdges">${boxes.join("")}</g>`;
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768)
    text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(text);
}

async function cellImage({ x, y, width, height, raster }: CellsShape): Promise<string> {
  const place = `x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}"`;
  const data = `data:image/png;base64,${base64(await encodePng(raster))}`;
  return `<image ${place} preserveAspectRatio="none" image-rendering="pixelated" href="${data}"/>`;
}

function element(shape: Shape, asImages: boolean): string | Promise<string> {
  switch (shape.kind) {
    case "text":
      return textElement(shape);
    case "curve":
      return curveElement(shape);
    case "line":
      return lineElement(shape);
    case "box":
      return boxElement(shape.x, shape.y, shape.width, shape.height, `fill="${shape.colour}"`);
    case "cells":
      return asImages ? cellImage(shape) : cellBoxes(shape);
  }
}

function cellsOf({ shapes }: Picture): number {
  return shapes.reduce(
    (sum, shape) => sum + (shape.kind === "cells" ? shape.raster.pixels.length : 0),
    0,
  );
}

/** In CSS pixels, or as wide in millimetres as it is to be printed. */
function sizeOf({ width, height }: Picture, millimetres: number | undefined): string {
  const box = `viewBox="0 0 ${short(width)} ${short(height)}"`;
  if (millimetres === undefined) return `width="${short(width)}" height="${short(height)}" ${box}`;
  const high = short((millimetres * height) / width);
  return `width="${millimetres}mm" height="${high}mm" ${box}`;
}

export async function toSvg(picture: Picture, millimetres?: number): Promise<string> {
  const { width, height, background, ink, shapes } = picture;
  const asImages = cellsOf(picture) > MOST_CELLS;
  const elements = await Promise.all(shapes.map((shape) => element(shape, asImages)));
  const size = sizeOf(picture, millimetres);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="${FONT}" font-size="${SIZE}" fill="${ink}">`,
    boxElement(0, 0, width, height, `fill="${background}"`),
    ...elements,
    "</svg>\n",
  ].join("\n");
}
