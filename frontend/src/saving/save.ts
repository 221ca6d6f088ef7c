/** Pictures, tables and pages → files that the browser saves. */

import { type Table, toCsv } from "../text/csv";
import type { Picture } from "../draw/picture";
import { toSvg } from "../draw/svg";

/** Device pixels per pixel of the picture. */
const SCALE = 2;
/** Milliseconds after which a saved file's address is given back. */
const KEPT = 60_000;

export function saveBlob(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => {
    URL.revokeObjectURL(link.href);
  }, KEPT);
}

/** Four digits by which two texts are told apart. */
function digest(text: string): string {
  let sum = 2166136261;
  for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), 16777619);
  return ((sum ^ (sum >>> 16)) & 0xffff).toString(16).padStart(4, "0");
}

/** Names of runs and tags hold what files must not, or what parts the name: then digits keep it apart from others. */
export function fileName(...parts: readonly (string | number)[]): string {
  const whole = parts.map((part) => {
    const text = String(part);
    const fitting = text.replace(/[^\p{L}\p{N}.-]+/gu, "-");
    return fitting === text ? text : `${fitting}~${digest(text)}`;
  });
  return whole.join("_");
}

async function pngOf({ width, height }: Picture, svg: Blob): Promise<Blob> {
  const image = new Image();
  image.src = URL.createObjectURL(svg);
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(SCALE * width);
  canvas.height = Math.round(SCALE * height);
  canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob === null) reject(new Error("the picture is larger than the browser can hold"));
      else resolve(blob);
    }, "image/png");
  });
}

export function csvOf(table: Table): Promise<Blob> {
  return Promise.resolve(new Blob(toCsv(table), { type: "text/csv" }));
}

/** `millimetres`: how wide an SVG is printed. */
export async function blobOf(
  kind: "png" | "svg",
  picture: Picture,
  millimetres?: number,
): Promise<Blob> {
  const svg = new Blob([await toSvg(picture, millimetres)], { type: "image/svg+xml" });
  return kind === "svg" ? svg : pngOf(picture, svg);
}
