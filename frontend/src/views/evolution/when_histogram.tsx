/** Lasting changes of many heads → how many came at each step, by the role that the head has at the end. */

import { roleAt, type LastingChange } from "../../decoding/marked_heads";
import { changes, metrics, selectStep, theme } from "../../state";
import { colourOf } from "../../draw/theme";
import { roleColour, UNCLASSIFIED } from "../model/head_map";
import { formatStep } from "../../text/format_number";

/** Up to so many steps have a bar each; of more the axis is parted evenly. */
const BINS = 24;
const HEIGHT = 84;

interface Part {
  readonly role: string;
  readonly heads: number;
}

export interface Bin {
  readonly first: number;
  readonly last: number;
  readonly heads: number;
  readonly parts: readonly Part[];
}

/** Steps rise. */
export function binsOf(
  steps: readonly number[],
  found: readonly LastingChange[],
  roleOf: (change: LastingChange) => string,
): Bin[] {
  if (steps.length === 0) return [];
  const count = Math.min(steps.length, BINS);
  const binOf = (step: number): number =>
    Math.floor((Math.max(0, steps.indexOf(step)) * count) / steps.length);
  const roles = Array.from({ length: count }, () => new Map<string, number>());
  for (const change of found) {
    const of = roles[binOf(change.step)]!;
    const role = roleOf(change);
    of.set(role, (of.get(role) ?? 0) + 1);
  }
  return roles.map((of, at) => {
    const inside = steps.filter((step) => binOf(step) === at);
    const parts = [...of]
      .map(([role, heads]) => ({ role, heads }))
      .sort((a, b) => b.heads - a.heads);
    const heads = parts.reduce((sum, part) => sum + part.heads, 0);
    return { first: inside[0]!, last: inside.at(-1)!, heads, parts };
  });
}

export function WhenHistogram() {
  const series = metrics.value!;
  const last = series.steps.length - 1;
  const bins = binsOf([...series.steps], changes.value, ({ layer, head }) => {
    return roleAt(series, last, layer, head)?.name ?? UNCLASSIFIED;
  });
  const most = Math.max(1, ...bins.map(({ heads }) => heads));
  return (
    <section class="when" aria-label="When heads changed">
      <p class="small-title">
        When <span>heads that changed for good, by their role at the end</span>
      </p>
      <div class="when-bars" style={{ height: HEIGHT }}>
        {bins.map((bin) => (
          <Bar key={bin.first} bin={bin} most={most} />
        ))}
      </div>
      <div class="when-axis" aria-hidden="true">
        <span>{formatStep(bins[0]?.first ?? null)}</span>
        <span>{formatStep(bins.at(-1)?.last ?? null)}</span>
      </div>
    </section>
  );
}

function Bar({ bin, most }: { readonly bin: Bin; readonly most: number }) {
  const { first, last, heads, parts } = bin;
  const steps =
    first === last ? `step ${formatStep(first)}` : `steps ${formatStep(first)}–${formatStep(last)}`;
  const named = parts.map(({ role, heads: count }) => `${count} ${role}`).join(", ");
  const words = `${steps}: ${heads} heads${named === "" ? "" : ` (${named})`}`;
  return (
    <button type="button" title={words} aria-label={words} onClick={() => selectStep(last)}>
      <span class="when-count">{heads > 0 ? heads.toLocaleString("en") : ""}</span>
      {parts.map(({ role, heads: count }) => (
        <i
          key={role}
          style={{
            height: ((HEIGHT - 18) * count) / most,
            background: roleColour(role) ?? colourOf("pointer", theme.value),
          }}
        />
      ))}
    </button>
  );
}
