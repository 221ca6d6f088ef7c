/** The runs → rows with check box, name, number of steps and colour, by folder; all, none or one of them at once. */

import { signal, type Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { inkOn, rgbOf, runColour } from "../draw/colour";
import {
  colourNumber,
  compareWith,
  drawnRuns,
  hiddenRuns,
  index,
  invertRuns,
  isGrouped,
  isComparing,
  letterOf,
  listedRuns,
  pointedRun,
  run,
  runNumber,
  runOrder,
  runPrefix,
  runs,
  selectRun,
  theme,
  tickOnly,
  tickRuns,
  toggleRun,
  untickRuns,
  visibleRuns,
  type RunIndex,
} from "../state";
import { byFolder, commonPrefix, middleSplit } from "../text/name_filter";
import { VirtualRows } from "./virtual_rows";

/** Of the run's probe with the most. */
export function stepCount(listing: RunIndex | null, name: string): number {
  return Math.max(0, ...Object.values(listing?.[name] ?? {}).map(({ steps }) => steps.length));
}

export const stepsText = (count: number): string => (count === 1 ? "1 step" : `${count} steps`);

interface RunDotProps {
  readonly name: string;
  readonly letter?: string | null;
  /** A ring: the run is not drawn. */
  readonly isHollow?: boolean;
}

export function RunDot({ name, letter = null, isHollow = false }: RunDotProps) {
  const colour = runColour(colourNumber(name), theme.value);
  if (isHollow) return <span class="run-dot is-hollow" style={{ borderColor: colour }} />;
  if (letter === null) return <span class="run-dot" style={{ background: colour }} />;
  return (
    <span
      class="run-dot is-letter"
      style={{ background: colour, color: inkOn(rgbOf(colour)) }}
      aria-hidden="true"
    >
      {letter}
    </span>
  );
}

/** With Shift, while two runs are compared, it becomes the one that the other is compared with. */
function pick(name: string, isShifted: boolean): void {
  if (isShifted && isComparing.peek()) compareWith("run", name);
  else selectRun(name);
}

/** What all share is there to be read and copied, and takes no room. */
export function RunName({ name, shared }: { name: string; shared: string }) {
  const [start, end] = middleSplit(name.slice(shared.length));
  const isCut = shared !== "" && !shared.endsWith("/") && shared !== runPrefix.value;
  return (
    <span class="name">
      {shared !== "" && <span class="name-shared">{shared}</span>}
      {isCut && <span aria-hidden="true">…</span>}
      {end === "" ? start : <span class="name-start">{start}</span>}
      {end !== "" && <span class="name-end">{end}</span>}
    </span>
  );
}

type Row =
  | { readonly kind: "folder"; readonly name: string; readonly runs: readonly string[] }
  | { readonly kind: "run"; readonly name: string; readonly shared: string }
  | { readonly kind: "more"; readonly name: string; readonly count: number };

/** More runs than these show at first those of the selected one's folder alone. */
const MOST_OPEN = 40;

/** Folders that were opened or shut by hand. */
const folders: Signal<ReadonlyMap<string, boolean>> = signal(new Map());

function isOpen(name: string, inside: readonly string[], count: number): boolean {
  return folders.value.get(name) ?? (count <= MOST_OPEN || inside.includes(run.value ?? ""));
}

function turn(name: string, open: boolean): void {
  folders.value = new Map(folders.peek()).set(name, open);
}

/** Where siblings share more of their names than their folder, that is left out too. */
function siblingStart(folder: string, inside: readonly string[]): string {
  const shared = commonPrefix(inside);
  return shared.length > folder.length ? shared : folder;
}

/** Runs of one folder under its name, where there are several folders with several runs. */
export function rowsOf(names: readonly string[], prefix: string): Row[] {
  const folders = byFolder(names, prefix);
  if (folders === null) return names.map((name) => ({ kind: "run", name, shared: prefix }));
  return [...folders].flatMap(([folder, inside]): Row[] => [
    { kind: "folder", name: folder, runs: inside },
    ...inside.map((name): Row => ({ kind: "run", name, shared: siblingStart(folder, inside) })),
  ]);
}

/** Its line stands out in the charts while the pointer or the keyboard is on its row. */
function usePointing(name: string) {
  const leave = (): void => {
    if (pointedRun.peek() === name) pointedRun.value = null;
  };
  const enter = (): void => void (pointedRun.value = name);
  useEffect(() => leave, [name]);
  return {
    onPointerEnter: enter,
    onPointerLeave: leave,
    onFocusIn: ({ target }: FocusEvent) => {
      if ((target as Element).matches(":focus-visible")) enter();
    },
    onFocusOut: leave,
  };
}

function rowTitle(name: string, isDrawn: boolean): string {
  if (isComparing.value) return `${name}: click makes it B, Shift + click A`;
  return isDrawn ? name : `${name}: not drawn here`;
}

function RunRow({ name, shared }: { name: string; shared: string }) {
  const ticked = visibleRuns.value.has(name);
  const last = ticked && visibleRuns.value.size === 1;
  const isDrawn = drawnRuns.value.has(name);
  return (
    <li class="run-row" data-selected={name === run.value} {...usePointing(name)}>
      <input
        type="checkbox"
        aria-label={`Offer ${name}`}
        checked={ticked}
        disabled={last}
        onChange={() => toggleRun(name)}
      />
      <button
        type="button"
        aria-current={name === run.value}
        title={rowTitle(name, isDrawn)}
        onClick={(event) => pick(name, event.shiftKey)}
      >
        <RunName name={name} shared={shared} />
        <span class="count">{stepsText(stepCount(index.value, name))}</span>
        <RunDot name={name} letter={letterOf(name)} isHollow={!isDrawn} />
      </button>
      {!last && (
        <button
          type="button"
          class="link run-only"
          aria-label={`Only ${name}`}
          onClick={() => tickOnly(name)}
        >
          only
        </button>
      )}
    </li>
  );
}

/** Of the folder's group, where runs are drawn in groups. */
function GroupDot({ inside }: { readonly inside: readonly string[] }) {
  const drawn = inside.find(isGrouped);
  return drawn === undefined ? null : <RunDot name={drawn} />;
}

interface FolderRowProps {
  readonly name: string;
  readonly inside: readonly string[];
  readonly open: boolean;
}

function FolderRow({ name, inside, open }: FolderRowProps) {
  const ticked = inside.filter((each) => !hiddenRuns.value.has(each)).length;
  return (
    <li class="run-row is-folder">
      <input
        type="checkbox"
        aria-label={`All of ${name}`}
        checked={ticked === inside.length}
        ref={(box) => {
          if (box !== null) box.indeterminate = ticked > 0 && ticked < inside.length;
        }}
        onChange={() => (ticked === inside.length ? untickRuns : tickRuns)(inside)}
      />
      <button type="button" title={name} aria-expanded={open} onClick={() => turn(name, !open)}>
        <span class="folder-turn" aria-hidden="true">
          {open ? "▾" : "▸"}
        </span>
        <RunName
          name={name === runPrefix.value ? "not in a folder" : name}
          shared={sharedBy(name)}
        />
        <span class="count">
          {ticked} of {inside.length}
        </span>
        <GroupDot inside={inside} />
      </button>
    </li>
  );
}

const sharedBy = (folder: string): string => (folder === runPrefix.value ? "" : runPrefix.value);

function ForMany() {
  const names = listedRuns.value;
  return (
    <span class="run-many">
      <button type="button" class="link" onClick={() => tickRuns(names)}>
        All
      </button>
      <button
        type="button"
        class="link"
        title="All but the selected run are taken out of the charts"
        onClick={() => untickRuns(names)}
      >
        None
      </button>
      <button type="button" class="link" onClick={() => invertRuns(names)}>
        Invert
      </button>
    </span>
  );
}

/** Runs that TensorBoard has, before one of them has attention. */
function WithoutAttention() {
  return (
    <ul class="virtual-rows">
      {runOrder.value.slice(0, MOST_OPEN).map((name) => (
        <li key={name} class="run-row is-without" title={name}>
          <span class="folder">
            <RunName name={name} shared="" />
            <span class="count">no attention</span>
            <span
              class="run-dot is-hollow"
              style={{ borderColor: runColour(runNumber(name), theme.value) }}
            />
          </span>
        </li>
      ))}
    </ul>
  );
}

/** Of an open folder, until all are asked for. */
const FIRST_ROWS = 8;
const wholeFolders: Signal<ReadonlySet<string>> = signal(new Set());

/** The selected run is among them. */
function firstOf(inside: readonly string[]): readonly string[] {
  const chosen = inside.indexOf(run.value ?? "");
  const first = inside.slice(0, FIRST_ROWS);
  return chosen < FIRST_ROWS ? first : [...first.slice(1), inside[chosen]!];
}

/** Without those of shut folders, and the first of long ones. */
export function openRows(rows: readonly Row[], count: number): readonly Row[] {
  const left = new Set<string>();
  const more = new Map<string, Row>();
  for (const row of rows) {
    if (row.kind !== "folder") continue;
    const { name, runs: inside } = row;
    const isWhole = inside.length <= FIRST_ROWS + 1 || wholeFolders.value.has(name);
    const isShown = isOpen(name, inside, count);
    const first = isWhole ? inside : firstOf(inside);
    const kept = new Set(isShown ? first : []);
    for (const each of inside) if (!kept.has(each)) left.add(each);
    if (isShown && !isWhole)
      more.set(first.at(-1)!, { kind: "more", name, count: inside.length - first.length });
  }
  return rows.flatMap((row) => {
    if (row.kind === "folder") return [row];
    return left.has(row.name) ? [] : [row, more.get(row.name) ?? []].flat();
  });
}

function MoreRow({ name, count }: { readonly name: string; readonly count: number }) {
  const show = (): void => void (wholeFolders.value = new Set(wholeFolders.peek()).add(name));
  return (
    <li class="run-row is-more">
      <button type="button" class="link" aria-label={`${count} more of ${name}`} onClick={show}>
        {count} more
      </button>
    </li>
  );
}

function countText(found: number, all: number): string {
  const on = visibleRuns.value.size;
  return found < all ? `${found} of ${all} match, ${on} on` : `${on} of ${all}`;
}

export function RunList() {
  const found = listedRuns.value;
  const all = runs.value.length;
  const rows = openRows(rowsOf(found, runPrefix.value), found.length);
  return (
    <section class="pane-section" aria-label="Runs">
      <h2>
        Runs
        {all > 1 && <ForMany />}
        {all > 0 && <span class="count">{countText(found.length, all)}</span>}
        {all === 0 && runOrder.value.length > 0 && (
          <span class="count">{runOrder.value.length}</span>
        )}
      </h2>
      {index.value !== null && all === 0 && runOrder.value.length === 0 && (
        <p class="nothing">none yet</p>
      )}
      {index.value !== null && all === 0 && <WithoutAttention />}
      {all > 0 && found.length === 0 && <p class="nothing">no run matches</p>}
      <VirtualRows
        items={rows}
        height={32}
        selected={rows.findIndex(({ kind, name }) => kind === "run" && name === run.value)}
        row={(row) =>
          row.kind === "more" ? (
            <MoreRow key={`more ${row.name}`} {...row} />
          ) : row.kind === "run" ? (
            <RunRow key={row.name} name={row.name} shared={row.shared} />
          ) : (
            <FolderRow
              key={`folder ${row.name}`}
              name={row.name}
              inside={row.runs}
              open={isOpen(row.name, row.runs, found.length)}
            />
          )
        }
      />
    </section>
  );
}
