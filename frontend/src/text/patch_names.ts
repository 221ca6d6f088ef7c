/** A position of a list that holds patches → how it is called on the screen. */

import type { RecordHeader, TokenList } from "../decoding/answers";
import { panelsOf, patchAt, type Panel } from "../decoding/panels";
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

/** "5.4 ×", of uniform weight. */
export function timesText(times: number): string {
  if (!Number.isFinite(times)) return "–";
  return `${times >= 9.95 ? Math.round(times) : times.toFixed(1)} ×`;
}
