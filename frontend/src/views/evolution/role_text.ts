/** A head at the step that is read → its role with its score, and what it changes; without a role what it became. */

import type { Cell } from "../../draw/grid";
import { formatEffect } from "../../text/effect_words";
import { formatStep, formatWeight } from "../../text/format_number";
import { becameText, roleAt, type HeadRole } from "../../decoding/marked_heads";
import { changes, metrics, readStep, shownEffects } from "../../state";

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

function attendsText(cell: Cell): string {
  const role = readRole(cell);
  if (role === null) return "unknown";
  if (role.name === UNCLASSIFIED) return became(cell) ?? role.name;
  const text = Number.isNaN(role.score) ? role.name : `${role.name} ${formatWeight(role.score)}`;
  return role.step === readStep.value ? text : `${text} (at step ${formatStep(role.step)})`;
}

/** "induction .80, effect +.31" */
export function roleText(cell: Cell): string {
  return attendsText(cell) + effectText(cell);
}

/** At the step that is read. */
function effectText({ layer, head }: Cell): string {
  const shown = shownEffects.value;
  if (shown === null) return "";
  const { series, name, metric } = shown;
  const row = series.steps.indexOf(readStep.value ?? NaN);
  const value = row === -1 ? NaN : series.at(row, layer, head, metric);
  return Number.isFinite(value) ? `, ${name} ${formatEffect(value)}` : "";
}
