/** A comparison → its heads, those that changed most first, each with its largest single change. */

import { batch, useSignal } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";

import type { HeadChange } from "../../decoding/comparison";
import { Meaning } from "../../controls/meaning";
import { drawDifferences } from "../../draw/differences";
import { SmallPattern } from "../../parts/small_pattern";
import { formatDifference, formatWeight } from "../../text/format_number";
import { meaningOf } from "../../text/meanings";
import { head, key, layer, query, rankBy, selectHead } from "../../state";
import { headNumber } from "../../parts/heads_grid/grid_layers";
import { CHANGED, difference, isChanged, signOf } from "./ranked";
import { ColumnsHint, RunChanges, runColumns, RunNames } from "./run_columns";
import { changeInk, codesOf, largest, ranked, shapes, shownComparison } from "./scene";
import { pairText } from "./tokens_of";
import { layerName, layerShort } from "../../text/layer_names";

/** Rows at first, and how many more are shown when asked for. */
const ROWS = { first: 24, more: 100 };
const PICTURE = 40;

/** The head, with the query of its largest change pinned. */
function choose(row: HeadChange): void {
  batch(() => {
    selectHead(row.layer, row.head);
    key.value = null;
    query.value = row.query;
  });
}

function Row({ row }: { readonly row: HeadChange }) {
  const number = headNumber(shapes.value[row.layer], row.head);
  const isSelected = row.layer === layer.value && row.head === head.value;
  return (
    <li>
      <button
        type="button"
        class={runColumns.value.length > 0 ? "change-row has-runs" : "change-row"}
        style={{ "--runs": runColumns.value.length }}
        aria-current={isSelected ? "true" : undefined}
        title={`${layerName(shapes.value, row.layer)} head ${number}: change (JSD), largest single change`}
        data-head={`${row.layer}.${row.head}`}
        data-change={row.change}
        data-before={row.before}
        data-after={row.after}
        onClick={() => choose(row)}
      >
        <b>
          {layerShort(shapes.value, row.layer)}.{number}
        </b>
        {runColumns.value.length > 0 ? <RunChanges row={row} /> : <OwnChange row={row} />}
      </button>
    </li>
  );
}

/** Of B alone: how much, and where most. */
function OwnChange({ row }: { readonly row: HeadChange }) {
  const change = difference(row);
  const isSame = row.change === 0;
  return (
    <>
      <Picture row={row} />
      <span>{isSame ? "0" : formatWeight(row.change)}</span>
      <span class="change-bar">
        <i style={{ width: `${largest.value > 0 ? (100 * row.change) / largest.value : 0}%` }} />
      </span>
      <span class="change-pair">{isSame ? "" : pairText(row.layer, row.query, row.key)}</span>
      <span class={signOf(change)}>{isSame ? "" : formatDifference(change)}</span>
    </>
  );
}

function Picture({ row: { layer: at, head: number } }: { readonly row: HeadChange }) {
  const of = shownComparison.value;
  const codes = useMemo(() => (of === null ? null : codesOf(of, at, number)), [of, at, number]);
  return (
    <SmallPattern codes={codes} colours={changeInk.value} side={PICTURE} draw={drawDifferences} />
  );
}

function ListHead() {
  return (
    <div class="change-head">
      <span>Head</span>
      <span>B − A</span>
      <span class="change-jsd">
        JSD
        <Meaning of="JSD" text={meaningOf.jsd} />
      </span>
      <span class="change-single">largest single change</span>
    </div>
  );
}

/** In any column: what another run changed is worth a row as well. */
function isListed(row: HeadChange): boolean {
  if (isChanged(row)) return true;
  const columns = runColumns.value.map(({ of }) => of?.head(row.layer, row.head));
  return columns.some((head) => head !== undefined && head.change >= 0 && isChanged(head));
}

export function HeadList() {
  const more = useSignal(0);
  const rows = ranked.value;
  const above = rows.filter(({ change }) => change > CHANGED).length;
  const [listed, still] = [rows.filter(isListed), rows.filter((row) => !isListed(row))];
  const first = Math.min(listed.length, ROWS.first);
  const shown = [...listed, ...still].slice(0, first + more.value);
  const left = rows.length - shown.length;
  const list = useRef<HTMLOListElement>(null);
  const opened = useRef(-1);
  useLayoutEffect(() => {
    // The button goes, or moves below what it opened: the keyboard goes on there.
    if (opened.current !== -1) list.current?.querySelectorAll("button")[opened.current]?.focus();
    opened.current = -1;
  }, [more.value]);
  function showMore(): void {
    opened.current = shown.length;
    more.value += ROWS.more;
  }
  return (
    <section class="change-list">
      <header class="side-header">
        <h2>{rankBy.value === "number" ? "Heads by number" : "Heads by change"}</h2>
        <span class="side-note">
          {above} of {rows.length} above {formatWeight(CHANGED, 3)}
        </span>
      </header>
      {runColumns.value.length > 0 ? <RunNames /> : <ListHead />}
      <ol class="change-rows" ref={list}>
        {shown.map((row) => (
          <Row key={`${row.layer}.${row.head}`} row={row} />
        ))}
        {left > 0 && (
          <li>
            <button type="button" class="link" onClick={showMore}>
              {left} more{left === still.length && " without a difference"}
            </button>
          </li>
        )}
      </ol>
      {runColumns.value.length > 0 && <ColumnsHint />}
    </section>
  );
}
