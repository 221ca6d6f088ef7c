/** A head at the step that is read → its role with its score, or "unclassified". */

import type { Cell } from "../../draw/grid";
import { formatWeight } from "../../text/format_number";
import { roleAt, type HeadRole } from "../../decoding/marked_heads";
import { metrics, readStep } from "../../state";

export function readRole({ layer, head }: Cell): HeadRole | null {
  const series = metrics.value;
  const at = series?.steps.indexOf(readStep.value ?? NaN) ?? -1;
  return series === null || at === -1 ? null : roleAt(series, at, layer, head);
}

export function roleText(cell: Cell): string {
  const role = readRole(cell);
  if (role === null) return "unknown";
  const text = Number.isNaN(role.score) ? role.name : `${role.name} ${formatWeight(role.score)}`;
  return role.step === readStep.value ? text : `${text} (at step ${role.step})`;
}
