/** Roles, lasting changes and the shown metric → one colour a head, for the map of many heads; signals, no DOM. */

import { computed, type ReadonlySignal } from "@preact/signals";

import { roleAt, type LastingChange } from "../../decoding/marked_heads";
import { headColour, pixelOf, rgbOf, sequentialTable, themePixel } from "../../draw/colour";
import { drawMapRows } from "../../draw/heads_map";
import { placeOf, axisOver } from "../../draw/step_axis";
import { changes, mapColour, metrics, readStep, theme } from "../../state";
import type { Paint } from "../../parts/heads_grid/canvas_painter";
import { histories } from "./scene";

/** Head colours that are told apart most safely together, in this order. */
const SAFEST = {
  light: [0, 2, 3, 6, 1, 8, 12, 7, 5, 11],
  dark: [0, 1, 7, 2, 9, 3, 12, 14, 4, 10],
} as const;
export const UNCLASSIFIED = "unclassified";

export interface RoleShare {
  readonly name: string;
  readonly heads: number;
  readonly colour: string;
}

const row: ReadonlySignal<number> = computed(
  () => metrics.value?.steps.indexOf(readStep.value ?? NaN) ?? -1,
);

function countRoles(at: number): Map<string, number> {
  const series = metrics.value;
  const counts = new Map<string, number>();
  series?.layers.forEach(({ heads }, layer) => {
    for (let head = 0; head < heads; head++) {
      const name = roleAt(series, at, layer, head)?.name ?? UNCLASSIFIED;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  });
  return counts;
}

/** Roles that any step has, the most frequent at the last step first; "unclassified" has no colour of its own. */
const roleOrder: ReadonlySignal<readonly string[]> = computed(() => {
  const series = metrics.value;
  const facts = series?.evolution ?? null;
  if (series === null || facts === null) return [];
  const last = countRoles(series.steps.length - 1);
  const had = new Set(facts.roles);
  return facts.roleNames
    .filter((name, at) => name !== UNCLASSIFIED && had.has(at))
    .sort((a, b) => (last.get(b) ?? 0) - (last.get(a) ?? 0));
});

export function roleColour(name: string): string | null {
  const at = roleOrder.value.indexOf(name);
  if (at === -1) return null;
  const order = SAFEST[theme.value];
  return headColour(order[at % order.length]!, theme.value);
}

/** At the step that is read. */
export const roleShares: ReadonlySignal<readonly RoleShare[]> = computed(() => {
  const counts = countRoles(row.value);
  const named = roleOrder.value.map((name) => ({
    name,
    heads: counts.get(name) ?? 0,
    colour: roleColour(name)!,
  }));
  return [...named, { name: UNCLASSIFIED, heads: counts.get(UNCLASSIFIED) ?? 0, colour: "" }];
});

const changeOf: ReadonlySignal<ReadonlyMap<number, LastingChange>> = computed(
  () => new Map(changes.value.map((change) => [keyOf(change.layer, change.head), change])),
);

const keyOf = (layer: number, head: number): number => layer * 65536 + head;

export function largestChange(layer: number, head: number): LastingChange | null {
  return changeOf.value.get(keyOf(layer, head)) ?? null;
}

/** 0 to 1; NaN for a head that has none. */
type Shade = (layer: number, head: number) => number;

const byRole: ReadonlySignal<Shade> = computed<Shade>(() => {
  const series = metrics.value;
  const none = themePixel("track", theme.value);
  if (series === null) return () => none;
  const at = row.value;
  const pixels = new Map(
    roleOrder.value.map((name) => [name, pixelOf(rgbOf(roleColour(name)!))] as const),
  );
  return (layer, head) => pixels.get(roleAt(series, at, layer, head)?.name ?? "") ?? none;
});

const shades: Readonly<Record<"when" | "size" | "value", ReadonlySignal<Shade>>> = {
  when: computed<Shade>(() => {
    const axis = axisOver([metrics.value?.steps ?? []], false);
    return (layer, head) => {
      const change = largestChange(layer, head);
      return change === null ? NaN : placeOf(axis, change.step);
    };
  }),
  size: computed<Shade>(() => (layer, head) => Math.abs(largestChange(layer, head)?.size ?? NaN)),
  value: computed<Shade>(() => {
    const of = histories.value;
    const step = readStep.value;
    if (of === null || step === null) return () => NaN;
    return (layer, head) => of.height(of.at(step, layer, head));
  }),
};

/** The lightest colour of a head that has a value: it must not look like none. */
export const LEAST_SHADE = 0.15;

const colourOf: ReadonlySignal<(layer: number, head: number) => number> = computed(() => {
  const by = mapColour.value;
  if (by === "role") return byRole.value;
  const table = sequentialTable(theme.value);
  const none = themePixel("track", theme.value);
  const shade = shades[by].value;
  return (layer, head) => {
    const value = shade(layer, head);
    if (Number.isNaN(value)) return none;
    const share = LEAST_SHADE + (1 - LEAST_SHADE) * Math.min(1, Math.max(0, value));
    return table[Math.round(255 * share)]!;
  };
});

export const mapPaint: ReadonlySignal<Paint> = computed<Paint>(() => {
  const scene = { background: themePixel("background", theme.value), colour: colourOf.value };
  return (target, layout, rows, scale) => drawMapRows(target, layout, rows, scene, scale);
});
