/** The chosen head in both records → lines of what it gained, lost and kept, with numbers; or its matrix. */

import { useMemo } from "preact/hooks";

import type { LayerWeights } from "../../decode";
import { formatDifference } from "../../format_number";
import {
  changePicture,
  comparedWeights,
  gain,
  head,
  hideBelow,
  hoverKey,
  hoverQuery,
  key,
  layer,
  openHead,
  query,
  rawTokens,
  record,
  sentenceFilter,
  showKept,
  shown,
  specials,
  theme,
  weights,
  type RecordHeader,
} from "../../state";
import { headNumber } from "../heads_grid/grid_layers";
import { axesOf, type Axis } from "../token_lines/axis";
import { focusOf, type Focus } from "../token_lines/focus";
import { hoverToken, pinToken } from "../token_lines/pinning";
import { TokenLines } from "../token_lines/token_lines";
import { rowsInWindow, type ScrollWindow } from "../token_lines/use_window";
import { ChangeMatrix } from "./change_matrix";
import {
  areAlike,
  changedWeights,
  focusedDifferences,
  GAINED,
  KEPT,
  LOST,
} from "./difference_weights";
import { shapes } from "./scene";

const ROW = 22;

/** Lines of what was gained, lost and kept. */
export const changeColours = {
  light: { gained: "#1c5fa8", lost: "#b3532a", kept: "#9e9e9e" },
  dark: { gained: "#8fc1ee", lost: "#e0885c", kept: "#8a8a8a" },
} as const;

interface Pair {
  readonly header: RecordHeader;
  readonly first: LayerWeights;
  readonly second: LayerWeights;
  readonly head: number;
}

/** Both records' weights of the chosen head; null until they are there. */
function chosenPair(): Pair | null {
  const header = shown(record.value);
  const [first, second] = [shown(comparedWeights.value), shown(weights.value)];
  if (header === undefined || first === undefined || second === undefined) return null;
  const shape = header.layers[second.layer];
  if (!areAlike(first, second) || shape?.queries !== second.queries) return null;
  const within = (of: LayerWeights): boolean =>
    head.value >= of.firstHead && head.value < of.firstHead + of.heads;
  if (second.layer !== layer.value || !within(first) || !within(second)) return null;
  return { header, first, second, head: head.value };
}

export function ChangeLines() {
  const at = layer.value;
  const pair = chosenPair();
  const isLeftOut = shown(record.value)?.layers[at]?.weights === false;
  return (
    <section class="change-lines" aria-label="Chosen head">
      <header class="side-header">
        <h2>
          Layer {at} · Head {headNumber(shapes.value[at], head.value)}
          <span class="change-key">
            <span class="is-gained">gained</span> <span class="is-lost">lost</span>
            {showKept.value && changePicture.value === "lines" && " kept"}
          </span>
        </h2>
        <button type="button" class="link" onClick={() => openHead(at, head.value)}>
          <span class="is-long">Open in </span>Head →
        </button>
      </header>
      {isLeftOut && (
        <p class="side-notice">The weights of this layer were left out when logging.</p>
      )}
      {!isLeftOut && pair === null && <Waiting />}
      {pair !== null && changePicture.value === "lines" && <Lines {...pair} />}
      {pair !== null && changePicture.value === "matrix" && <ChangeMatrix {...pair} />}
    </section>
  );
}

function Waiting() {
  const failed = comparedWeights.value;
  if (failed.status === "error") return <p class="side-fault">{failed.error.message}</p>;
  return <div class="change-body" aria-busy="true" />;
}

function Lines({ header, first, second, head: at }: Pair) {
  const colours = changeColours[theme.value];
  const changed = useMemo(
    () => changedWeights(first, second, at, Math.max(hideBelow.value, 1e-6)),
    [first, second, at, hideBelow.value],
  );
  const axes = useMemo(
    () =>
      axesOf(header, second.layer, specials.value, sentenceFilter.value, { raw: rawTokens.value }),
    [header, second.layer, specials.value, sentenceFilter.value, rawTokens.value],
  );
  const heads = useMemo(
    () => [
      ...(showKept.value ? [{ head: KEPT, colour: colours.kept }] : []),
      { head: LOST, colour: colours.lost },
      { head: GAINED, colour: colours.gained },
    ],
    [colours, showKept.value],
  );
  const pinned = { query: query.value, key: key.value };
  const hovered = { query: hoverQuery.value, key: hoverKey.value };
  const { queries, keys } = second;
  const focus = focusOf(hovered, queries, keys) ?? focusOf(pinned, queries, keys);
  const values = useFocused(first, second, at, focus);
  const other = focus?.side === "key" ? "query" : "key";
  return (
    <>
      <div class="compact-lines change-body" style={{ "--rows": Math.max(queries, keys) }}>
        <TokenLines
          class="is-compact"
          weights={changed}
          heads={heads}
          axes={axes}
          pinned={pinned}
          hovered={hovered}
          onHover={hoverToken}
          onPin={pinToken}
          threshold={Math.max(hideBelow.value, 0.005)}
          gain={gain.value}
          rowHeight={ROW}
          label={`Attention lines gained and lost by layer ${second.layer} head ${at}`}
          strongest={{ query: null, key: null, [other]: values && largestOf(values.difference) }}
          bars={{ [other]: values?.difference ?? null }}
          asideHead={<span class="is-aside">B − A</span>}
          aside={(seen) =>
            values === null ? null : <Numbers axis={axes[other]} values={values} seen={seen} />
          }
        />
      </div>
      {focus === null && (
        <p class="side-hint">Point at a token for what it gained and lost, click to keep it.</p>
      )}
    </>
  );
}

type Differences = ReturnType<typeof focusedDifferences>;

function useFocused(
  first: LayerWeights,
  second: LayerWeights,
  at: number,
  focus: Focus | null,
): Differences | null {
  return useMemo(
    () => (focus === null ? null : focusedDifferences(first, second, at, focus)),
    [first, second, at, focus?.side, focus?.token],
  );
}

function largestOf(values: Float32Array): number | null {
  let best: number | null = null;
  values.forEach((value, at) => {
    if (Math.abs(value) > Math.abs(best === null ? 0 : values[best]!)) best = at;
  });
  return best;
}

interface NumbersProps {
  readonly axis: Axis;
  readonly values: Differences;
  readonly seen: ScrollWindow;
}

function Numbers({ axis, values, seen }: NumbersProps) {
  const { first, end } = rowsInWindow(seen, ROW, axis.rows.length);
  const strongest = largestOf(values.difference);
  return (
    <div class="weight-column">
      {axis.rows.slice(first, end).map(({ token, off }, i) => (
        <span
          key={token}
          class={token === strongest ? "is-strongest" : ""}
          data-token={token}
          data-before={values.before[token]}
          data-after={values.after[token]}
          style={{ top: `${(first + i) * ROW}px` }}
        >
          {off ? "" : formatDifference(values.difference[token]!)}
        </span>
      ))}
    </div>
  );
}
