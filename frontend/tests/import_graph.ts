/** The sources under src/ → which file imports which, tests left out. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, normalize } from "node:path/posix";

import ts from "typescript";

export interface Arrow {
  readonly from: string;
  readonly to: string;
}

/** Paths below `src`; imports of types and dynamic imports count, styles do not. */
export function fileArrows(src: string): { files: string[]; arrows: Arrow[] } {
  const files = readdirSync(src, { recursive: true, encoding: "utf8" })
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => /\.tsx?$/.test(name) && !name.includes(".test."));
  const arrows = files.flatMap((from) =>
    ts
      .preProcessFile(readFileSync(join(src, from), "utf8"), true, true)
      .importedFiles.map(({ fileName }) => fileName)
      .filter((name) => name.startsWith(".") && !name.includes(".css"))
      .map((name) => ({ from, to: resolve(src, normalize(join(from, "..", name))) })),
  );
  return { files, arrows };
}

function resolve(src: string, path: string): string {
  const endings = [".ts", ".tsx", "/index.ts", "/index.tsx"];
  const found = endings.map((ending) => path + ending).find((name) => existsSync(join(src, name)));
  if (found === undefined) throw new Error(`no file for the import of ${path}`);
  return found;
}

/** Arrows between what the names stand for, each once; those inside one fall away. */
export function arrowsBetween(arrows: readonly Arrow[], nameOf: (file: string) => string): Arrow[] {
  const known = new Map<string, Arrow>();
  for (const arrow of arrows) {
    const [from, to] = [nameOf(arrow.from), nameOf(arrow.to)];
    if (from !== to) known.set(`${from} → ${to}`, { from, to });
  }
  return [...known.values()];
}

/** The floor of each name, from 1; a name on a circle is an error that spells the circle. */
export function floorsOf(names: Iterable<string>, arrows: readonly Arrow[]): Map<string, number> {
  const below = Map.groupBy(arrows, ({ from }) => from);
  const floors = new Map<string, number>();
  const visit = (name: string, way: readonly string[]): number => {
    const known = floors.get(name);
    if (known !== undefined) return known;
    if (way.includes(name))
      throw new Error(`a circle: ${[...way.slice(way.indexOf(name)), name].join(" → ")}`);
    const under = (below.get(name) ?? []).map(({ to }) => visit(to, [...way, name]));
    const floor = 1 + Math.max(0, ...under);
    floors.set(name, floor);
    return floor;
  };
  for (const name of names) visit(name, []);
  return floors;
}
