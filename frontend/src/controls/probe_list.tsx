/** The probes of the selected run → rows with name, number of tokens and how the text ends. */

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
  const decoder = tokens.decoder_tokens === undefined ? "" : ` + ${tokens.decoder_tokens.length}`;
  return `${count}${decoder} ${count === 1 && decoder === "" ? "token" : "tokens"}`;
}

/** After a change of the run the former text stays until the new one has come. */
function ProbeRow({ name }: { name: string }) {
  const last = useRef<RecordHeader>(undefined);
  const own = probeHeaders.value.get(name);
  last.current = own ?? last.current;
  const header = last.current;
  return (
    <li class="probe-row" data-selected={name === tag.value}>
      <button
        type="button"
        aria-current={name === tag.value}
        title={name}
        onClick={() => selectTag(name)}
      >
        <span class="name">{name}</span>
        <span class="count">{header === undefined ? "" : tokensText(header)}</span>
        <bdi class={own === undefined ? "snippet is-former" : "snippet"}>
          {header === undefined ? "" : snippet(header)}
        </bdi>
      </button>
    </li>
  );
}

export function ProbeList() {
  const all = tags.value.length;
  const listed = listedTags.value;
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
      <VirtualRows
        items={listed}
        height={48}
        selected={listed.indexOf(tag.value ?? "")}
        row={(name) => <ProbeRow key={name} name={name} />}
        onSeen={(names) => (seenTags.value = names)}
      />
    </section>
  );
}
