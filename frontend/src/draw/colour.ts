/** Head number, weight code, run number and theme → colours, as text or as pixels. */

import {
  colourOf,
  differenceStops,
  headPalette,
  inks,
  runPalette,
  weightStops,
  type ColourName,
  type Theme,
} from "./theme";

export type { Theme } from "./theme";
export type Rgb = readonly [red: number, green: number, blue: number];

export function rgbOf(hex: string): Rgb {
  const bits = parseInt(hex.slice(1), 16);
  return [(bits >> 16) & 255, (bits >> 8) & 255, bits & 255];
}

export function cssOf([red, green, blue]: Rgb): string {
  return `rgb(${Math.round(red)} ${Math.round(green)} ${Math.round(blue)})`;
}

/** After 16 heads the colours repeat; the number stands beside them everywhere. */
export function headColour(head: number, theme: Theme): string {
  const palette = headPalette[theme];
  return palette[head % palette.length]!;
}

/** Of a head that is made of several: no hue, as no head has. */
export function summaryColour(theme: Theme): string {
  return colourOf("summary", theme);
}

export function runColour(run: number, theme: Theme): string {
  const palette = runPalette[theme];
  return palette[run % palette.length]!;
}

export function backgroundColour(theme: Theme): Rgb {
  return rgbOf(colourOf("background", theme));
}

export function mix(front: Rgb, back: Rgb, alpha: number): Rgb {
  return [
    back[0] + (front[0] - back[0]) * alpha,
    back[1] + (front[1] - back[1]) * alpha,
    back[2] + (front[2] - back[2]) * alpha,
  ];
}

/** WCAG relative luminance, 0 to 1. */
export function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map((byte) => {
    const share = byte / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Black or white, whichever can be read on the cell. */
export function inkOn(cell: Rgb): string {
  return luminance(cell) > 0.179 ? inks.black : inks.white;
}

/** Little-endian ABGR, as a Uint32Array over ImageData wants it. */
export function pixelOf([red, green, blue]: Rgb): number {
  return (
    ((255 << 24) | (Math.round(blue) << 16) | (Math.round(green) << 8) | Math.round(red)) >>> 0
  );
}

export function rgbOfPixel(pixel: number): Rgb {
  return [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];
}

/** A colour of the table, as a pixel. */
export function themePixel(name: ColourName, theme: Theme): number {
  return pixelOf(rgbOf(colourOf(name, theme)));
}

/** Piecewise linear through the stops, at position 0 to 1. */
function along(stops: readonly string[], position: number): Rgb {
  const scaled = position * (stops.length - 1);
  const before = Math.min(Math.floor(scaled), stops.length - 2);
  return mix(rgbOf(stops[before + 1]!), rgbOf(stops[before]!), scaled - before);
}

function table(stops: readonly string[], size: number): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length: size }, (_, i) => pixelOf(along(stops, i / (size - 1))));
}

const sequentialTables = {
  light: table(weightStops.light, 256),
  dark: table(weightStops.dark, 256),
};
const divergingTables = {
  light: table(differenceStops.light, 511),
  dark: table(differenceStops.dark, 511),
};

/** Pixel by thumbnail code, round(255 √weight). */
export function sequentialTable(theme: Theme): Uint32Array<ArrayBuffer> {
  return sequentialTables[theme];
}

/** Pixel by 255 + signed code, 255 = no difference. */
export function divergingTable(theme: Theme): Uint32Array<ArrayBuffer> {
  return divergingTables[theme];
}

const linearTables = {
  light: sequentialTables.light.map((_, code, roots) => roots[Math.round(code ** 2 / 255)]!),
  dark: sequentialTables.dark.map((_, code, roots) => roots[Math.round(code ** 2 / 255)]!),
};

/** Pixel by code, round(255 √weight): coloured by the weight's root, or by the weight itself. */
export function weightTable(theme: Theme, scale: "root" | "linear"): Uint32Array<ArrayBuffer> {
  return scale === "root" ? sequentialTables[theme] : linearTables[theme];
}

/** A table of pixels → 24 of its colours, from first to last. */
export function scaleColours(pixels: Uint32Array): string[] {
  const last = pixels.length - 1;
  return Array.from({ length: 24 }, (_, at) => {
    const pixel = pixels[Math.round((at * last) / 23)]!;
    return cssOf([pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255]);
  });
}
