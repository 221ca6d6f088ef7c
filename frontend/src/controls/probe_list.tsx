/** The probes of the selected run → rows with name, number of tokens and how the text ends. */

import { index, probeHeaders, selectTag, tag, tags, type RecordHeader } from "../state";
import { displayTokens } from "../text/tokens";

/** Characters of the text's end that fit under a probe's name. */
const SNIPPET = 36;

/** The end of the probe's text without special tokens, "|" where sentence B starts. */
export function snippet(header: RecordHeader): string {
  const special = new Set(header.special.tokens);
  const parts = displayTokens(header.tokens.tokens).flatMap((text, i) => {
    const parting = i > 0 && i === header.sentence_b_start ? ["|"] : [];
    return special.has(i) ? parting : [...parting, text];
  });
  const whole = parts.join(" ");
  if (whole.length <= SNIPPET) return whole;
  while (parts.length > 1 && parts.join(" ").length > SNIPPET - 2) parts.shift();
  return `… ${[...parts.join(" ")].slice(2 - SNIPPET).join("")}`;
}

export function tokensText({ tokens }: RecordHeader): string {
  const count = tokens.tokens.length;
  const decoder = tokens.decoder_tokens === undefined ? "" : ` + ${tokens.decoder_tokens.length}`;
  return `${count}${decoder} ${count === 1 && decoder === "" ? "token" : "tokens"}`;
}

function ProbeRow({ name }: { name: string }) {
  const header = probeHeaders.value.get(name);
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
        <bdi class="snippet">{header === undefined ? "" : snippet(header)}</bdi>
      </button>
    </li>
  );
}

export function ProbeList() {
  return (
    <section class="pane-section" aria-label="Probes">
      <h2>
        Probes
        {tags.value.length > 0 && <span class="count">{tags.value.length}</span>}
      </h2>
      {index.value !== null && tags.value.length === 0 && <p class="nothing">none yet</p>}
      <ul>
        {tags.value.map((name) => (
          <ProbeRow key={name} name={name} />
        ))}
      </ul>
    </section>
  );
}
