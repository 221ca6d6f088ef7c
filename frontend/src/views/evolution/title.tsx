/** The shown metric → the view's title, its scale, and the probe's tokens with the queries of a tracked pair. */

import type { TrackedPair } from "../../decoding/evolution_facts";
import {
  record,
  series,
  shown,
  tag,
  probeHeaders,
  type RecordHeader,
  metrics,
  shownMetric,
} from "../../state";
import { shownTokens } from "../../state/shown_tokens";
import { elide } from "../../text/tokens";
import { capital, metricMeaning, metricTitle } from "../../text/metric_names";
import { main } from "./scene";

const MOST_TOKENS = 120;

function header(): RecordHeader | undefined {
  const own = shown(record.value);
  return own?.tag === tag.value ? own : probeHeaders.value.get(tag.value ?? "");
}

function trackedPair(): TrackedPair | null {
  const track = metrics.value?.evolution?.track ?? [];
  return track.find(({ name }) => name === shownMetric.value) ?? null;
}

function words(list: string, positions: readonly number[]): string | null {
  const all = header()?.tokens[list as "tokens" | "decoder_tokens"];
  if (all === undefined) return null;
  const texts = shownTokens(all);
  return positions.map((at) => elide(texts[at] ?? "?", 24)).join(" ");
}

/** "How much “she” attends to “nurse”", or the metric of every head. */
export function useTitle(): string {
  const pair = trackedPair();
  const name = shownMetric.value ?? "";
  if (pair === null) return `${capital(metricTitle(name))} of every head`;
  const [query, key] = [words(pair.axes[0], pair.queries), words(pair.axes[1], pair.keys)];
  if (query === null || key === null) return `Token pair ${name}`;
  return `How much “${query}” attends to “${key}”`;
}

export function Title() {
  const title = useTitle();
  const { least, most } = main.value?.histories.scale ?? { least: 0, most: 1 };
  const isPair = trackedPair() !== null;
  const changes = metrics.value?.evolution?.probeChanges ?? [];
  return (
    <h2 class="model-title">
      {title}
      {series.value.status === "loading" && <span class="model-loading">loading …</span>}
      {changes.length > 0 ? (
        <span class="model-hint evolution-warning">
          another text from step {changes[0]} on: steps before it do not compare
        </span>
      ) : (
        <span class="model-hint">
          {isPair ? "weight " : ""}
          {least}–{most}, one scale for all heads
          {isPair ? "" : ` · ${metricMeaning(shownMetric.value ?? "")}`}
        </span>
      )}
    </h2>
  );
}

export function Tokens() {
  const known = header();
  const pair = trackedPair();
  const list = (pair?.axes[0] ?? "tokens") as "tokens" | "decoder_tokens";
  const tokens = known?.tokens[list] ?? [];
  const special = new Set(known?.special[list] ?? []);
  const pinned = new Set(pair?.queries ?? []);
  return (
    <p class="model-tokens" aria-label="Tokens of the probe">
      {shownTokens(tokens)
        .slice(0, MOST_TOKENS)
        .map((text, at) => (
          <span
            key={at}
            title={text}
            class={`${pinned.has(at) ? "is-pinned" : ""} ${special.has(at) ? "is-special" : ""}`}
          >
            {elide(text, 24)}{" "}
          </span>
        ))}
    </p>
  );
}
