/** The index so far and an answer with what changed of it → the index as it is now. */

import type { RunIndex, TagIndex } from "./answers";

export interface IndexChanges {
  token: string;
  /** `runs` is all there is. */
  whole: boolean;
  /** Steps that are new or were written anew. */
  runs: RunIndex;
  /** Steps that are no longer there; null: the whole tag. */
  gone: Record<string, Record<string, number[] | null>>;
}

/** null: an index as it was before there were tokens. */
export function parseChanges(answer: RunIndex | IndexChanges): IndexChanges | null {
  return typeof answer.token === "string" ? (answer as IndexChanges) : null;
}

/** Tags that did not change stay the same objects. */
export function applyIndexChanges(before: RunIndex, { whole, runs, gone }: IndexChanges): RunIndex {
  if (whole) return runs;
  const next = new Map(Object.entries(before).map(([run, tags]) => [run, entriesOf(tags)]));
  for (const [run, tags] of Object.entries(gone)) {
    const own = next.get(run);
    for (const [tag, steps] of Object.entries(tags)) {
      const listed = own?.get(tag);
      if (steps === null) own?.delete(tag);
      else if (listed !== undefined) own!.set(tag, merged(listed, steps, nothing));
    }
    if (own?.size === 0) next.delete(run);
  }
  for (const [run, tags] of Object.entries(runs)) {
    const own = next.get(run) ?? new Map<string, TagIndex>();
    next.set(run, own);
    for (const [tag, listed] of Object.entries(tags))
      own.set(tag, merged(own.get(tag) ?? nothing, listed.steps, listed));
  }
  return Object.fromEntries([...next].map(([run, tags]) => [run, Object.fromEntries(tags)]));
}

const entriesOf = (tags: Record<string, TagIndex>): Map<string, TagIndex> =>
  new Map(Object.entries(tags));

const nothing: TagIndex = { steps: [], wall_times: [], versions: [], kinds: [] };

/** Without some steps, and with those of another listing, in order. */
function merged(own: TagIndex, without: readonly number[], added: TagIndex): TagIndex {
  const replaced = new Set(without);
  const rows = [own, added].flatMap((of) =>
    of.steps.flatMap((step, at) => (of === own && replaced.has(step) ? [] : [{ of, at, step }])),
  );
  rows.sort((a, b) => a.step - b.step);
  return {
    ...added,
    steps: rows.map(({ step }) => step),
    wall_times: rows.map(({ of, at }) => of.wall_times[at]!),
    versions: rows.map(({ of, at }) => of.versions[at]!),
    kinds: rows.map(({ of, at }) => of.kinds[at]!),
  };
}
