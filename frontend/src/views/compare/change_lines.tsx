/** The chosen head in both records → its matrices side by side, or lines of what it gained, lost and kept. */

import { useLayoutEffect, useMemo, useRef } from "preact/hooks";

import type { LayerWeights } from "../../decoding/decode";
import { useTable } from "../../saving/exported";
import { formatDifference, formatWeight } from "../../text/format_number";
import {
  shownChange,
  comparedWeights,
  gain,
  hasWeights,
  head,
  hideBelow,
  hoverKey,
  hoverQuery,
  isLong,
  key,
  layer,
  openHead,
  query,
  rawTokens,
  record,
  type RecordHeader,
  sentenceFilter,
  showKept,
  shown,
  specials,
  theme,
} from "../../state";
import { headNumber } from "../../parts/heads_grid/grid_layers";
import { axesOf, type Axis } from "../../parts/token_lines/axis";
import { presentFocus } from "../../parts/token_lines/compact_lines";
import type { Focus } from "../../parts/token_lines/focus";
import { hoverToken, pinToken } from "../../parts/token_lines/pinning";
import { TokenLines } from "../../parts/token_lines/token_lines";
import { rowsInWindow, type ScrollWindow } from "../../parts/token_lines/use_window";
import { BothSides } from "./both_sides";
import { ChangeMatrix } from "./change_matrix";
import { changeHeads, chosenPair, type Pair } from "./chosen_pair";
import { differencesTable } from "./chosen_picture";
import { changedWeights, focusedDifferences } from "./difference_weights";
import { areNamed, shapes, shownComparison } from "./scene";
import { arranged, heightOf, ThreeMatrices } from "./three_matrices";
import { viewSize } from "../../parts/heads_grid/grid_room";
import { useWidth } from "../../parts/measured";
import { layerName } from "../../text/layer_names";
import { ChangeImage } from "./change_image";

const ROW = 22;

export function ChangeLines() {
  const at = layer.value;
  const pair = chosenPair();
  useTable("Chosen head", pair && (() => differencesTable(pair)));
  const header = shown(record.value);
  const shape = header?.layers[at];
  const isLeftOut = shape !== undefined && !hasWeights(shape);
  const isTooLong = shape !== undefined && !isLeftOut && isLong(shape);
  const isMatrix = shownChange.value === "matrix";
  return (
    <section class="change-lines" aria-label="Chosen head">
      <header class="side-header">
        <h2>
          {layerName(shapes.value, at)} · Head {headNumber(shapes.value[at], head.value)}
          <span class="change-key">
            <Rank />
            {!isMatrix && (
              <>
                <span class="is-gained">gained</span> <span class="is-lost">lost</span>
                {showKept.value && shownChange.value === "lines" && " kept"}
              </>
            )}
          </span>
        </h2>
        <button type="button" class="link" onClick={() => openHead(at, head.value)}>
          <span class="is-long">Open in </span>Head →
        </button>
      </header>
      {isLeftOut && (
        <p class="side-notice">The weights of this layer were left out when logging.</p>
      )}
      {isTooLong && (
        <p class="side-notice">
          This text is too long for its head to be loaded whole: the picture of the change stands in
          the grid, and “Head” shows either step.
        </p>
      )}
      {!isLeftOut && !isTooLong && !isMatrix && pair === null && <Waiting />}
      {pair !== null && shownChange.value === "lines" && (
        <>
          <BothSides {...pair} />
          <Lines {...pair} />
        </>
      )}
      {pair !== null && shownChange.value === "image" && <ChangeImage {...pair} />}
      {isMatrix && !isLeftOut && !isTooLong && header !== undefined && shape !== undefined && (
        <Matrices header={header} at={at} pair={pair} />
      )}
    </section>
  );
}

/** "differs most: JSD .09, rank 1 of 72". */
function Rank() {
  const rows = shownComparison.value?.ranking ?? [];
  const at = rows.findIndex(([of, number]) => of === layer.value && number === head.value);
  if (at === -1) return null;
  const change = shownComparison.value!.head(layer.value, head.value).change;
  const jsd = change === 0 ? "0" : formatWeight(change);
  return (
    <span class="change-rank">
      {at === 0 && change > 0 ? "differs most: " : ""}JSD {jsd}, rank {at + 1} of {rows.length}
    </span>
  );
}

interface MatricesProps {
  readonly header: RecordHeader;
  readonly at: number;
  readonly pair: Pair | null;
}

/** Of a short text with names and numbers; of a longer one without. Their room is there before they are. */
function Matrices({ header, at, pair }: MatricesProps) {
  const room = useRef<HTMLDivElement>(null);
  const width = useWidth(room);
  const axes = useMemo(
    () => axesOf(header, at, specials.value, sentenceFilter.value, { raw: rawTokens.value }),
    [header, at, specials.value, sentenceFilter.value, rawTokens.value],
  );
  const of = arranged(axes, { width, height: viewSize.value.height });
  const isNamed = of !== null;
  useLayoutEffect(() => {
    if (width > 0) areNamed.value = isNamed;
  }, [isNamed, width]);
  useLayoutEffect(() => () => void (areNamed.value = false), []);
  const isFailed = comparedWeights.value.status === "error";
  return (
    <div ref={room} style={{ minHeight: isFailed ? 0 : heightOf(axes, of) }}>
      {pair === null && <Waiting />}
      {pair !== null && of !== null && <ThreeMatrices {...{ pair, axes, of }} />}
      {pair !== null && of === null && width > 0 && (
        <div class="change-beside">
          <BothSides {...pair} side={Math.max(120, Math.min(280, (width - 280 - 48) / 2))} />
          <ChangeMatrix {...pair} />
        </div>
      )}
    </div>
  );
}

function Waiting() {
  const failed = comparedWeights.value;
  if (failed.status === "error") return <p class="side-fault">{failed.error.message}</p>;
  return <div aria-busy="true" />;
}

function Lines({ header, first, second, head: at }: Pair) {
  const changed = useMemo(
    () => changedWeights(first, second, at, Math.max(hideBelow.value, 1e-6)),
    [first, second, at, hideBelow.value],
  );
  const axes = useMemo(
    () =>
      axesOf(header, second.layer, specials.value, sentenceFilter.value, { raw: rawTokens.value }),
    [header, second.layer, specials.value, sentenceFilter.value, rawTokens.value],
  );
  const heads = useMemo(changeHeads, [theme.value, showKept.value]);
  const pinned = { query: query.value, key: key.value };
  const hovered = { query: hoverQuery.value, key: hoverKey.value };
  const { queries, keys } = second;
  const focus = presentFocus(second);
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
