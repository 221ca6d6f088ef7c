/** The probes of the selected run → rows with name, number of tokens and how the text ends. */

import { signal, type Signal } from "@preact/signals";
import { useRef } from "preact/hooks";

import {
  index,
  listedTags,
  probeHeaders,
  seenTags,
  selectTag,
  tag,
  tags,
  type RecordHeader,
} from "../state";
import { beside, probeWords } from "../state/probe_words";
import { byFolder } from "../text/name_filter";
import { VirtualRows } from "./virtual_rows";

/** Characters of the text's end that fit under a probe's name. */
const SNIPPET = 36;

/** The end of the probe's text without special tokens, "|" where sentence B starts; before it what else there is. */
export function snippet(header: RecordHeader): string {
  const things = beside(header).join(", ");
  const text = ending(probeWords(header), SNIPPET - things.length);
  return [things, text].filter((each) => each !== "").join(": ");
}

function ending(parts: readonly string[], room: number): string {
  const whole = parts.join(" ");
  if (whole.length <= room) return whole;
  const last = parts.slice(-room); // a part has a character or more
  while (last.length > 1 && last.join(" ").length > room - 2) last.shift();
  return `… ${[...last.join(" ")].slice(2 - room).join("")}`;
}

export function tokensText({ tokens }: RecordHeader): string {
  const count = tokens.tokens.length;
  const decoder =
    tokens.decoder_tokens === undefined
      ? ""
      : ` + ${tokens.decoder_tokens.length.toLocaleString("en")}`;
  return `${count.toLocaleString("en")}${decoder} ${count === 1 && decoder === "" ? "token" : "tokens"}`;
}

interface ProbeRowProps {
  readonly name: string;
  /** Left out: it stands over the row. */
  readonly prefix?: string;
  /** Of few probes each has its text under it. */
  readonly hasText: boolean;
}

/** After a change of the run the former text stays until the new one has come. */
function ProbeRow({ name, prefix = "", hasText }: ProbeRowProps) {
  const last = useRef<RecordHeader>(undefined);
  const own = probeHeaders.value.get(name);
  last.current = own ?? last.current;
  const header = last.current;
  return (
    <li class={hasText ? "probe-row" : "probe-row is-low"} data-selected={name === tag.value}>
      <button
        type="button"
        aria-current={name === tag.value}
        title={name}
        onClick={() => selectTag(name)}
      >
        <span class="name">{name.slice(prefix.length)}</span>
        <span class="count">{header === undefined ? "" : tokensText(header)}</span>
        {hasText && (
          <bdi class={own === undefined ? "snippet is-former" : "snippet"}>
            {header === undefined ? "" : snippet(header)}
          </bdi>
        )}
      </button>
    </li>
  );
}

/** Of more probes than these only the chosen one has its text, and those with a "/" stand in groups. */
const FEW = 20;
const HEIGHTS = { withText: 48, low: 28 };

type Row =
  | {
      readonly kind: "group";
      readonly name: string;
      readonly count: number;
      readonly open: boolean;
    }
  | { readonly kind: "probe"; readonly name: string; readonly prefix: string };

/** Groups that were opened or shut by hand. */
const groups: Signal<ReadonlyMap<string, boolean>> = signal(new Map());

export function probeRows(names: readonly string[], chosen: string | null): Row[] {
  const single = (name: string): Row => ({ kind: "probe", name, prefix: "" });
  const inside = names.length <= FEW ? null : byFolder(names, "");
  if (inside === null) return names.map(single);
  return [...inside].flatMap(([prefix, members]): Row[] => {
    if (prefix === "") return members.map(single);
    const open = groups.value.get(prefix) ?? members.includes(chosen ?? "");
    const shown = open ? members.map((name): Row => ({ kind: "probe", name, prefix })) : [];
    return [{ kind: "group", name: prefix, count: members.length, open }, ...shown];
  });
}

function GroupRow({ name, count, open }: Extract<Row, { kind: "group" }>) {
  const turn = (): void => void (groups.value = new Map(groups.peek()).set(name, !open));
  return (
    <li class="probe-row is-low is-group">
      <button type="button" aria-expanded={open} title={name} onClick={turn}>
        <span class="folder-turn" aria-hidden="true">
          {open ? "▾" : "▸"}
        </span>
        <span class="name">{name}</span>
        <span class="count">{count}</span>
      </button>
    </li>
  );
}

/** What the rows leave out. */
function ChosenText() {
  const header = probeHeaders.value.get(tag.value ?? "");
  return <bdi class="snippet is-chosen">{header === undefined ? "" : snippet(header)}</bdi>;
}

export function ProbeList() {
  const all = tags.value.length;
  const listed = listedTags.value;
  const rows = probeRows(listed, tag.value);
  const hasText = listed.length <= FEW;
  return (
    <section class="pane-section" aria-label="Probes">
      <h2>
        Probes
        {all > 0 && (
          <span class="count">{listed.length === all ? all : `${listed.length} of ${all}`}</span>
        )}
      </h2>
      {index.value !== null && all === 0 && <p class="nothing">none yet</p>}
      {all > 0 && listed.length === 0 && <p class="nothing">no probe matches</p>}
      {!hasText && <ChosenText />}
      <VirtualRows
        items={rows}
        height={hasText ? HEIGHTS.withText : HEIGHTS.low}
        selected={rows.findIndex(({ kind, name }) => kind === "probe" && name === tag.value)}
        row={(row) =>
          row.kind === "group" ? (
            <GroupRow key={`group ${row.name}`} {...row} />
          ) : (
            <ProbeRow key={row.name} name={row.name} prefix={row.prefix} hasText={hasText} />
          )
        }
        onSeen={(seen) =>
          (seenTags.value = seen.flatMap(({ kind, name }) => (kind === "probe" ? [name] : [])))
        }
      />
    </section>
  );
}
