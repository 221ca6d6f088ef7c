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

/** Names of runs and tags hold what files must not. */
export function fileName(...parts: readonly (string | number)[]): string {
  return parts.map((part) => String(part).replace(/[^\p{L}\p{N}._-]+/gu, "-")).join("_");
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

export async function blobOf(kind: "png" | "svg", picture: Picture): Promise<Blob> {
  const svg = new Blob([await toSvg(picture)], { type: "image/svg+xml" });
  return kind === "svg" ? svg : pngOf(picture, svg);
}
