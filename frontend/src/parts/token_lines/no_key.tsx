/** What each head puts on no key → its place under the keys, and dashed lines to it from the query that is looked at. */

import type { Axis } from "./axis";
import { focused, offsets, type ShownHead } from "./line_canvas";
import type { ScrollWindow } from "./use_window";

/** Between the last key and it, in CSS pixels. */
export const NO_KEY_GAP = 12;

/** null where it would lie below what is seen. */
export function noKeyTop(keys: Axis, rowHeight: number, seen: ScrollWindow): number | null {
  const last = keys.rows.findLastIndex(({ off }) => !off) + 1;
  const top = last * rowHeight + NO_KEY_GAP;
  return seen.top === 0 && top + rowHeight <= seen.height ? top : null;
}

export function NoKeyName({
  top,
  rowHeight,
}: {
  readonly top: number;
  readonly rowHeight: number;
}) {
  return (
    <span class="no-key" style={{ top: `${top}px`, lineHeight: `${rowHeight}px` }}>
      no key <small>sink</small>
    </span>
  );
}

export interface NoKeyLinesProps {
  /** By drawn head. */
  readonly shares: readonly number[];
  readonly heads: readonly ShownHead[];
  /** Of the query and of the place of no key, in CSS pixels. */
  readonly from: number;
  readonly to: number;
  readonly width: number;
  readonly rowHeight: number;
  readonly threshold: number;
  readonly gain: number;
}

export function noKeyCurves(props: NoKeyLinesProps) {
  const { shares, heads, from, to, rowHeight, threshold, gain } = props;
  const shifts = offsets(heads.length, rowHeight);
  return heads.flatMap(({ colour }, at) => {
    const share = shares[at] ?? 0;
    if (!(share >= threshold && share > 0)) return [];
    return {
      ...{ colour, from: from + shifts[at]!, to: to + shifts[at]! },
      width: Math.max(1, focused.width0 + focused.widthPerWeight * share),
      opacity: 1 - Math.exp(-share * gain * focused.gain),
    };
  });
}

export function NoKeyLines(props: NoKeyLinesProps) {
  const { width, to, rowHeight } = props;
  const middle = width / 2;
  return (
    <svg class="no-key-lines" width={width} height={to + rowHeight / 2} aria-hidden="true">
      {noKeyCurves(props).map(({ colour, from, to: end, width: stroke, opacity }, at) => (
        <path
          key={at}
          d={`M0 ${from}C${middle} ${from} ${middle} ${end} ${width} ${end}`}
          stroke={colour}
          stroke-width={stroke}
          stroke-opacity={opacity}
        />
      ))}
    </svg>
  );
}
