/** What to look for → a tracked pair, a template, or tokens picked on both sides. */

import { useEffect, useMemo } from "preact/hooks";

import { Select } from "../../controls/select";
import {
  findPattern,
  key,
  query,
  record,
  series,
  shown,
  templates,
  type FindPattern,
  type PairPattern,
  type RecordHeader,
} from "../../state";
import { axesIn, axesTitle, isPossible, patternMeaning, templateTitle } from "./pattern_names";
import { TokenPicker } from "./token_picker";

const PAIR = "pair";

function valueOf(pattern: FindPattern | null): string {
  if (pattern === null || "pair" in pattern) return PAIR;
  return "template" in pattern ? pattern.template : `tracked.${pattern.tracked}`;
}

/** The pinned tokens to begin with. */
function emptyPair(header: RecordHeader): PairPattern {
  const axes = axesIn(header);
  return {
    query: query.value === null ? [] : [query.value],
    key: key.value === null ? [] : [key.value],
    axes: axes.length > 1 ? axes[0]! : null,
  };
}

function choicesOf(header: RecordHeader, tracked: readonly string[]) {
  return [
    { value: PAIR, name: "Tokens: pick query and key" },
    ...tracked.map((name) => ({ value: `tracked.${name}`, name: `Tracked: ${name}` })),
    ...templates
      .filter((template) => isPossible(template, header))
      .map((template) => ({ value: template as string, name: templateTitle(template) })),
  ];
}

function Pair({ header, pair }: { readonly header: RecordHeader; readonly pair: PairPattern }) {
  const axes = axesIn(header);
  const own = pair.axes ?? axes[0] ?? (["tokens", "tokens"] as const);
  const change = (part: Partial<PairPattern>): void => {
    findPattern.value = { pair: { ...pair, ...part } };
  };
  const tokensOf = (at: 0 | 1): readonly string[] => header.tokens[own[at]] ?? header.tokens.tokens;
  return (
    <>
      {axes.length > 1 && (
        <Select
          label="In the layers of"
          value={own.join(" ")}
          choices={axes.map((each) => ({ value: each.join(" "), name: axesTitle(each) }))}
          onChange={(wanted) => {
            const found = axes.find((each) => each.join(" ") === wanted) ?? null;
            change({ axes: found, query: [], key: [] });
          }}
        />
      )}
      <TokenPicker
        label="From queries"
        tokens={tokensOf(0)}
        picked={pair.query}
        onPick={(picked) => change({ query: picked })}
      />
      <TokenPicker
        label="To keys"
        tokens={tokensOf(1)}
        picked={pair.key}
        onPick={(picked) => change({ key: picked })}
      />
    </>
  );
}

/** Positions that another probe does not have are dropped. */
function useFitting(header: RecordHeader | undefined, pattern: FindPattern | null): void {
  useEffect(() => {
    if (header === undefined || pattern === null || !("pair" in pattern)) return;
    const { query: queries, key: keys, axes } = pattern.pair;
    const own = axes ?? axesIn(header)[0] ?? (["tokens", "tokens"] as const);
    const has = (list: string) => (at: number) => at < (header.tokens[list] ?? []).length;
    const fitting = { query: queries.filter(has(own[0])), key: keys.filter(has(own[1])), axes };
    if (fitting.query.length < queries.length || fitting.key.length < keys.length)
      findPattern.value = { pair: fitting };
  }, [header, pattern]);
}

export function PatternForm() {
  const header = shown(record.value);
  const pattern = findPattern.value;
  const tracked = shown(series.value)?.evolution?.track;
  const names = useMemo(() => tracked?.map(({ name }) => name) ?? [], [tracked]);
  useFitting(header, pattern);
  if (header === undefined) return null;
  const choose = (value: string): void => {
    const template = templates.find((each) => each === value);
    if (template !== undefined) findPattern.value = { template };
    else if (value === PAIR) findPattern.value = { pair: emptyPair(header) };
    else findPattern.value = { tracked: value.slice("tracked.".length) };
  };
  const pair = pattern === null ? emptyPair(header) : "pair" in pattern ? pattern.pair : null;
  return (
    <div class="find-form">
      <Select
        label="Look for heads that attend"
        value={valueOf(pattern)}
        choices={choicesOf(header, names)}
        meaning={patternMeaning(pattern)}
        onChange={choose}
      />
      {pair !== null && <Pair header={header} pair={pair} />}
    </div>
  );
}
