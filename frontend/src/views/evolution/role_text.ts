/** A head at the step that is read → its role with its score, or "unclassified". */

import type { Cell } from "../../draw/grid";
import { formatWeight } from "../../format_number";
import { roleAt } from "../../lasting_change";
import { metrics } from "../model/scene";
import { readStep } from "./scene";

export function roleText({ layer, head }: Cell): string {
  const series = metrics.value;
  const at = series?.steps.indexOf(readStep.value ?? NaN) ?? -1;
  if (series === null || at === -1) return "unknown";
  const role = roleAt(series, at, layer, head);
  if (role === null) return "unknown";
  return Number.isNaN(role.score) ? role.name : `${role.name} ${formatWeight(role.score)}`;
}
