/** Head number, weight code, run number and theme → colours, as text or as pixels. */

export type Theme = "light" | "dark";
export type Rgb = readonly [red: number, green: number, blue: number];

/** Found by search for the largest smallest OKLab distance, colour-blind sight included; taken in order. */
const headPalettes: Record<Theme, readonly string[]> = {
  light: (
    "#327cbb #741f06 #b88c10 #520b88 #a44d4f #423ecb #4ea387 #8a2a5c " +
    "#af71fc #654897 #8e90c5 #7c4c0d #bc5b26 #a15d8c #631958 #7455ec"
  ).split(" "),
  dark: (
    "#58b4fc #e4fa4a #bd6412 #90f8ec #4970ef #afc16a #986b90 #d68aad " +
    "#7fd5ff #bde1a0 #e57e08 #8e7bcb #07a670 #d7d511 #edabbc #2798fe"
  ).split(" "),
};

/** At √weight 0, ¼, ½, ¾, 1. */
const sequentialStops: Record<Theme, readonly string[]> = {
  light: ["#f3f5f7", "#cfe2f2", "#86b9de", "#2f7ebc", "#08306b"],
  dark: ["#3a3a3a", "#33536f", "#2f77b0", "#6db3ea", "#eaf6ff"],
};

/** At signed √difference −1, −½, 0, ½, 1. */
const divergingStops: Record<Theme, readonly string[]> = {
  light: ["#8f2d04", "#e08550", "#f3f5f7", "#5b9fd3", "#08407f"],
  dark: ["#ffc19e", "#cf6a34", "#3a3a3a", "#3f8aca", "#bfe1ff"],
};

/** TensorBoard's own run colours. */
const runPalettes: Record<Theme, readonly string[]> = {
  light: "#425066 #12b5cb #e52592 #f9ab00 #9334e6 #7cb342 #e8710a".split(" "),
  dark: "#a9b4c0 #12b5cb #e52592 #f9ab00 #9334e6 #7cb342 #e8710a".split(" "),
};

export function rgbOf(hex: string): Rgb {
  const bits = parseInt(hex.slice(1), 16);
  return [(bits >> 16) & 255, (bits >> 8) & 255, bits & 255];
}

export function cssOf([red, green, blue]: Rgb): string {
  return `rgb(${Math.round(red)} ${Math.round(green)} ${Math.round(blue)})`;
}

/** After 16 heads the colours repeat; the number stands beside them everywhere. */
export function headColour(head: number, theme: Theme): string {
  const palette = headPalettes[theme];
  return palette[head % palette.length]!;
}

/** Of a head that is made of several: no hue, as no head has. */
export function summaryColour(theme: Theme): string {
  return theme === "light" ? "#4d4d4d" : "#d0d0d0";
}

export function runColour(run: number, theme: Theme): string {
  const palette = runPalettes[theme];
  return palette[run % palette.length]!;
}

export function backgroundColour(theme: Theme): Rgb {
  return rgbOf(theme === "light" ? "#ffffff" : "#303030");
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
export function inkOn(cell: Rgb): "#000000" | "#ffffff" {
  return luminance(cell) > 0.2 ? "#000000" : "#ffffff";
}

/** Little-endian ABGR, as a Uint32Array over ImageData wants it. */
export function pixelOf([red, green, blue]: Rgb): number {
  return (
    ((255 << 24) | (Math.round(blue) << 16) | (Math.round(green) << 8) | Math.round(red)) >>> 0
  );
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
  light: table(sequentialStops.light, 256),
  dark: table(sequentialStops.dark, 256),
};
const divergingTables = {
  light: table(divergingStops.light, 511),
  dark: table(divergingStops.dark, 511),
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
