/** Layer, heads, attention group and sentence filter of the head view. */

import { computed } from "@preact/signals";

import { Segmented } from "../../controls/segmented";
import { Select } from "../../controls/select";
import {
  head,
  headSummary,
  isContribution,
  layer,
  layerQuantityText,
  loadedHeads,
  longPicture,
  record as loadedRecord,
  type RecordHeader,
  selectLayer,
  shownMode,
  shownWeights,
} from "../../state";
import { hasSentences } from "../../parts/token_lines/axis";
import { SentenceFilters } from "../../parts/token_lines/sentence_filters";
import { EffectsName, HeadSquares, useKeptEffects } from "./head_squares";
import { layerGroups, sameDepth } from "./layer_groups";
import { ModeSwitch } from "./mode_switch";
import { layerName } from "../../text/layer_names";
import { formatStep } from "../../text/format_number";

/** Encoder, decoder, cross: only for a model that has more than one of them. */
function Groups({ record }: { record: RecordHeader }) {
  const groups = layerGroups(record.layers);
  const present = groups.find(({ layers }) => layers.includes(layer.value));
  if (groups.length < 2 || present === undefined) return null;
  return (
    <Segmented
      label="Attention"
      hideLabel
      value={present.id}
      choices={groups.map(({ id, name }) => ({ value: id, name }))}
      onChange={(id) => {
        const next = groups.find((group) => group.id === id)!;
        selectLayer(sameDepth(present, next, layer.value));
      }}
    />
  );
}

/** What the picture is of: while another step or layer loads, of the one before. */
export interface Drawn {
  readonly record: RecordHeader;
  readonly layer: number;
}

function MatrixTitle({ record, layer: at }: Drawn) {
  const summary = headSummary.value === "mean" ? "Mean over heads" : "Max over heads";
  const one = headNames(record, at)[head.value] ?? String(head.value);
  const isOne = headSummary.value === "none" || loadedHeads.value !== "all";
  return (
    <p class="matrix-title">
      <strong>
        {layerName(record.layers, at)} · {isOne ? `Head ${one}` : summary}
      </strong>
      <span class="only-wide">
        {isContribution.value ? layerQuantityText.value : "attention weights"} at step{" "}
        {formatStep(record.step)}
        {(isOne || headSummary.value === "mean") && ", rows sum to 1"}
      </span>
    </p>
  );
}

export function LayerSelect({ record, label = false }: { record: RecordHeader; label?: boolean }) {
  const group = layerGroups(record.layers).find(({ layers }) => layers.includes(layer.value));
  return (
    <Select
      label="Layer"
      hideLabel={!label}
      value={layer.value}
      choices={(group?.layers ?? []).map((value, at) => ({ value, name: `Layer ${at}` }))}
      onChange={selectLayer}
    />
  );
}

/** A head's number in the model, where only some heads were logged. */
export function headNames(record: RecordHeader, at: number): string[] {
  const { heads, head_numbers: numbers } = record.layers[at]!;
  return Array.from({ length: heads }, (_, head) => String(numbers?.[head] ?? head));
}

/** What is drawn is another step or layer yet. */
const isLoading = computed(() =>
  [loadedRecord, shownWeights, longPicture].some(({ value }) => value.status === "loading"),
);

export interface HeadToolbarProps {
  record: RecordHeader;
  /** The layer has weights, so that there are lines to choose from. */
  hasLines: boolean;
  drawn: Drawn;
}

export function HeadToolbar({ record, hasLines, drawn }: HeadToolbarProps) {
  return (
    <div class={useKeptEffects() ? "head-toolbar keeps-effects" : "head-toolbar"}>
      {shownMode.value === "matrix" ? (
        <MatrixTitle {...drawn} />
      ) : (
        <>
          <div class="layer-field">
            <LayerSelect record={record} />
            {hasLines && <EffectsName count={record.layers[layer.value]!.heads} />}
          </div>
          {hasLines && <HeadSquares names={headNames(record, layer.value)} />}
        </>
      )}
      <div class="head-filters">
        {isLoading.value && <span class="model-loading">loading …</span>}
        <Groups record={record} />
        {hasLines && loadedHeads.value !== "long" && hasSentences(record, layer.value) && (
          <SentenceFilters />
        )}
        {hasLines && <ModeSwitch />}
      </div>
    </div>
  );
}
