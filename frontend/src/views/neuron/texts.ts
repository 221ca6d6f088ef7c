/** Numbers and tokens of the neuron view → the words that stand beside them. */

import type { HeadVectors } from "../../decoding/decode";
import { formatDifference } from "../../text/format_number";
import type { LayerHeader } from "../../state";
import { elide } from "../../text/tokens";
import type { Axis } from "../../parts/token_lines/axis";

export function tokenText(axis: Axis, token: number, limit = 16): string {
  return elide(axis.rows[axis.rowOf[token] ?? -1]?.text ?? "", limit);
}

/** With a sign and about two digits: `+5.0`, `−.024`. */
export function formatPart(value: number): string {
  const size = Math.abs(value);
  const decimals = size >= 0.95 || size === 0 ? 1 : size >= 0.095 ? 2 : 3;
  return formatDifference(value, decimals);
}

/** How q · k becomes the weight: `softmax(q · k ÷ √32)`. */
export function softmaxText({ scale, dimensions, bias }: HeadVectors): string {
  const isRoot = scale !== null && Math.abs(scale * Math.sqrt(dimensions) - 1) < 1e-3;
  const factor =
    scale === null || scale === 1
      ? ""
      : isRoot
        ? ` ÷ √${dimensions}`
        : ` × ${String(Number(scale.toPrecision(3))).replace(/^0\./, ".")}`;
  return `softmax(q · k${factor}${bias === null ? "" : " + bias"})`;
}

/** `1`, `1 and 3`, `1, 3 and 4`. */
export function listed(names: readonly string[]): string {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)!}`;
}

/** Grouped queries: which key head it is, and who else has it; null where each head has its own. */
export function sharedKeyText(
  { heads, kv_heads: keyHeads }: LayerHeader,
  { head, kvHead }: HeadVectors,
  names: readonly string[],
): string | null {
  if (keyHeads >= heads) return null;
  const others = names.filter(
    (_, other) => other !== head && Math.floor((other * keyHeads) / heads) === kvHead,
  );
  const word = others.length === 1 ? "head" : "heads";
  const shown = others.length > 6 ? [...others.slice(0, 5), `${others.length - 5} more`] : others;
  return `key head ${kvHead}, shared with ${word} ${listed(shown)}`;
}
