/** The shown metric → the view's title, its scale, and the probe's tokens with the queries of a tracked pair. */

import { objectiveTitle } from "../../text/effect_words";
import type { TrackedPair } from "../../decoding/evolution_facts";
import {
  record,
  rivalRuns,
  series,
  shown,
  tag,
  probeHeaders,
  type RecordHeader,
  metrics,
  shownMetric,
  EFFECTS,
  objective,
} from "../../state";
import { shownTokens } from "../../state/shown_tokens";
import { elide } from "../../text/tokens";
import { capital, inUnit, metricMeaning, metricTitle } from "../../text/metric_names";
import { groupWords } from "./group_words";
import { strangerText } from "./strangers";
import { changesText } from "./summary";
import { groups, isMap, main, shapes } from "./scene";

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
  if (isMap.value) {
    const heads = shapes.value.reduce((sum, shape) => sum + shape.heads, 0);
    return `Which of the ${heads.toLocaleString("en")} heads changed`;
  }
  if (EFFECTS.includes(name))
    return `${capital(metricTitle(name))} of every head on ${objectiveTitle(objective.value)}`;
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
  const counts = groups.value.map(({ lines }) => lines.runs.length);
  const isGrouped = counts.length > 0;
  const words = isGrouped ? groupWords(counts, rivalRuns.value.length + 1) : "";
  const scale = `${isPair ? "weight " : ""}${inUnit(`${least}–${most}`, shownMetric.value)}, one scale${isGrouped ? `; ${words}` : " for all heads"}`;
  const meaning = isPair || isGrouped ? "" : ` · ${metricMeaning(shownMetric.value ?? "")}`;
  const hint = isMap.value ? "one cell a head" : scale + meaning;
  const stranger = strangerText.value;
  return (
    <h2 class="model-title" title={isGrouped ? words : hint}>
      {title}
      {series.value.status === "loading" && <span class="model-loading">loading …</span>}
      {stranger !== null && (
        <span class="model-hint evolution-warning" title={stranger}>
          {stranger}
        </span>
      )}
      {changes.length > 0 ? (
        <span
          class="model-hint evolution-warning"
          title="another text, or other layers or masks; lasting changes are told within the steps of one"
        >
          {changesText(changes)}
        </span>
      ) : (
        <span class="model-hint" {...(isGrouped && { title: words })}>
          {hint}
        </span>
      )}
    </h2>
  );
}
