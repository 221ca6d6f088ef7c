/** A position of a list that holds patches → how it is called on the screen. */

import type { RecordHeader, TokenList } from "../decoding/answers";
import { panelsOf, patchAt, soundOf, type Panel } from "../decoding/panels";
import { displayTokens } from "./tokens";

export function patchName(panel: Panel, patch: number): string {
  const place = `row ${Math.floor(patch / panel.cols)}, column ${patch % panel.cols}`;
  return panel.name === "" ? `patch ${place}` : `patch ${place} of ${panel.name}`;
}

const known: Readonly<Record<string, string>> = { cls: "CLS", distillation: "DIST" };

/** "CLS", "R0", or the word. */
export function wordName(header: RecordHeader, list: TokenList, position: number): string {
  const names = header.special_names?.[list];
  const name = names?.[position];
  if (name === "register" && names !== undefined) {
    const registers = Object.keys(names).filter((at) => names[at] === "register");
    return `R${registers.indexOf(String(position))}`;
  }
  if (name !== undefined && name in known) return known[name]!;
  return displayTokens(header.tokens[list] ?? [])[position] ?? String(position);
}

export function positionName(header: RecordHeader, list: TokenList, position: number): string {
  for (const panel of panelsOf(header, list)) {
    const patch = patchAt(panel, position);
    if (patch !== -1) return patchName(panel, patch);
  }
  return `“${wordName(header, list, position)}”`;
}

const span = (first: number, last: number): string =>
  first === last ? String(first) : `${first}–${last}`;

/** Positions that fill a rectangle of a grid: "rows 3–5, columns 2–6". */
function rectangleName(panel: Panel, positions: readonly number[]): string | null {
  const patchOf = new Map([...panel.positions].map((position, patch) => [position, patch]));
  const patches = positions.map((position) => patchOf.get(position) ?? -1);
  if (patches.includes(-1)) return null;
  const rows = patches.map((patch) => Math.floor(patch / panel.cols));
  const cols = patches.map((patch) => patch % panel.cols);
  const [top, bottom, left, right] = [
    ...[Math.min(...rows), Math.max(...rows)],
    ...[Math.min(...cols), Math.max(...cols)],
  ] as [number, number, number, number];
  if ((bottom - top + 1) * (right - left + 1) !== positions.length) return null;
  const place = `rows ${span(top, bottom)}, columns ${span(left, right)}`;
  return panel.name === "" ? place : `${place} of ${panel.name}`;
}

/** Of ascending positions of an image or a sound: the rectangle or the time that they fill; null: they fill neither. */
export function regionName(
  header: RecordHeader,
  list: TokenList,
  positions: readonly number[],
): string | null {
  const [first, last] = [positions[0], positions.at(-1)];
  if (first === undefined || last === undefined || positions.length < 2) return null;
  const panels = panelsOf(header, list);
  const sound = soundOf(header, list);
  const isRun = last - first + 1 === positions.length;
  if (panels.length === 0 && sound === null) return null;
  if (isRun && first === 0 && last === header.tokens[list]!.length - 1) return "anywhere";
  for (const panel of panels) {
    const name = rectangleName(panel, positions);
    if (name !== null) return name;
  }
  if (sound === null || !isRun || first < sound.start || last >= sound.start + sound.length)
    return null;
  const [from, to] = [first - sound.start, last + 1 - sound.start].map((frame) =>
    (frame * sound.seconds).toFixed(2),
  );
  return `${from}–${to} s`;
}

/** "5.4 ×", of uniform weight. */
export function timesText(times: number): string {
  if (!Number.isFinite(times)) return "–";
  return `${times >= 9.95 ? Math.round(times) : times.toFixed(1)} ×`;
}
