/** A head at the step that is read → its role with its score; without one what it became, or "unclassified". */

import type { Cell } from "../../draw/grid";
import { formatWeight } from "../../text/format_number";
import { becameText, roleAt, type HeadRole } from "../../decoding/marked_heads";
import { changes, metrics, readStep } from "../../state";

export function readRole({ layer, head }: Cell): HeadRole | null {
  const series = metrics.value;
  const at = series?.steps.indexOf(readStep.value ?? NaN) ?? -1;
  return series === null || at === -1 ? null : roleAt(series, at, layer, head);
}

const UNCLASSIFIED = "unclassified";

/** What the head became before the step that is read, and to what value. */
function became({ layer, head }: Cell): string | null {
  const change = changes.value.find((each) => each.layer === layer && each.head === head);
  if (change === undefined || metrics.value === null) return null;
  if (change.step > (readStep.value ?? -Infinity)) return null;
  return `${becameText(metrics.value, change)} ${formatWeight(change.after)}`;
}

export function roleText(cell: Cell): string {
  const role = readRole(cell);
  if (role === null) return "unknown";
  if (role.name === UNCLASSIFIED) return became(cell) ?? role.name;
  const text = Number.isNaN(role.score) ? role.name : `${role.name} ${formatWeight(role.score)}`;
  return role.step === readStep.value ? text : `${text} (at step ${role.step})`;
}
