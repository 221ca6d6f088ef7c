/** Tokens of the selected layer's queries → one line of text with the pinned token underlined. */

import type { RecordHeader } from "../../decoding/answers";
import { layer, query, record, shown } from "../../state";
import { shownTokens } from "../../state/shown_tokens";
import { elide } from "../../text/tokens";
import { isUnreadable } from "./scene";

/** More than fit on one line; the rest is cut off by the page's edge anyway. */
const MOST_TOKENS = 120;
const TOKENS_BEFORE_PIN = 6;
const TOKENS_ON_A_LINE = 14;

export function TokenLine() {
  const header = shown(record.value);
  if (isUnreadable.value || header === undefined) return <p class="model-tokens" />;
  const pinned = query.value;
  const { tokens, special } = tokensOf(header, layer.value);
  const isFar = pinned !== null && pinned > TOKENS_ON_A_LINE;
  const first = isFar ? pinned - TOKENS_BEFORE_PIN : 0;
  const texts = shownTokens(tokens).slice(first, first + MOST_TOKENS);
  return (
    <p class="model-tokens" aria-label="Query tokens of the selected layer">
      {first > 0 && <span>… </span>}
      {texts.map((text, at) => (
        <span
          key={first + at}
          title={text}
          class={`${first + at === pinned ? "is-pinned" : ""} ${special.has(first + at) ? "is-special" : ""}`}
        >
          {elide(text, 24)}{" "}
        </span>
      ))}
    </p>
  );
}

function tokensOf(
  header: RecordHeader,
  at: number,
): { tokens: readonly string[]; special: ReadonlySet<number> } {
  const list = header.layers[at]?.query_tokens ?? "tokens";
  return {
    tokens: header.tokens[list] ?? header.tokens.tokens,
    special: new Set(header.special[list] ?? []),
  };
}
