/** Weights of one query → how they are shared: on the picture, on words, and on what has a name of its own. */

import type { Panel } from "../../decoding/panels";
import { knownHeader } from "../../state";
import { formatWeight } from "../../text/format_number";

export interface WeightSharesProps {
  /** Of the keys. */
  readonly list: string;
  readonly line: Float32Array;
  readonly panel: Panel;
}

export function WeightShares({ list, line, panel }: WeightSharesProps) {
  const names = knownHeader.value?.special_names?.[list] ?? {};
  const onPanel = new Set(panel.positions);
  const sums = new Map<string, readonly [weight: number, count: number]>();
  line.forEach((weight, position) => {
    const name = onPanel.has(position) ? "this picture" : (names[position] ?? "words and others");
    const [sum, count] = sums.get(name) ?? [0, 0];
    sums.set(name, [sum + weight, count + 1]);
  });
  return (
    <dl class="head-shares" aria-label="Where its weight goes">
      {[...sums]
        .sort((a, b) => b[1][0] - a[1][0])
        .map(([name, [sum, count]]) => (
          <div key={name}>
            <dt>
              {name} <span>{count}</span>
            </dt>
            <dd>
              <i style={{ width: `${100 * Math.min(1, sum || 0)}%` }} />
              {formatWeight(sum)}
            </dd>
          </div>
        ))}
    </dl>
  );
}
