/** The neuron view: how query and key of one head make up a weight. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useMemo, useRef } from "preact/hooks";

import { useMeasured } from "../../parts/measured";
import { useExport } from "../../saving/exported";
import {
  FOLD_WIDTH,
  frameWidth,
  layer,
  neuronColumns,
  record,
  shown,
  step,
  theme,
  vectors,
  weights,
} from "../../state";
import { Collapsed } from "./collapsed";
import { DistancePlot } from "./distance_plot";
import { Expanded } from "./expanded";
import { NeuronToolbar, PairFilters } from "./neuron_controls";
import { neuronExport } from "./neuron_export";
import { NoVectors } from "./no_vectors";
import { type NeuronNumbers, useNeuronNumbers } from "./neuron_numbers";
import { NumbersTable } from "./numbers_table";
import { viewHeight } from "./row_height";
import { type HeadState, type ShownHead, useShownHead } from "./shown_head";
import { layerName } from "../../text/layer_names";
import { formatStep } from "../../text/format_number";

function Message({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class="head-message" role="status">
      <h2>{title}</h2>
      <p>{children}</p>
    </div>
  );
}

/** The plot depends on the head alone, whatever token is pointed at. */
function usePlot(shown: ShownHead, onTable: (() => void) | null) {
  return useMemo(() => <DistancePlot shown={shown} onTable={onTable} />, [shown, onTable === null]);
}

/** Only what has numbers can be saved. */
function Exporting({ shown: present, found }: { shown: ShownHead; found: NeuronNumbers }) {
  useExport(() => neuronExport(present, found, theme.value));
  return null;
}

function ExpandedHead({ shown: present }: { shown: ShownHead }) {
  const isTable = useSignal(false);
  const found = useNeuronNumbers(present);
  const plot = usePlot(present, () => (isTable.value = true));
  return (
    <>
      <Expanded shown={present} found={found} />
      {found !== null && <Exporting shown={present} found={found} />}
      {isTable.value && found !== null ? (
        <NumbersTable shown={present} found={found} onClose={() => (isTable.value = false)} />
      ) : (
        plot
      )}
    </>
  );
}

function CollapsedHead({ shown: present }: { shown: ShownHead }) {
  return (
    <>
      <Collapsed shown={present} />
      {usePlot(present, null)}
    </>
  );
}

function Content({ state }: { state: HeadState }) {
  switch (state.status) {
    case "ready":
      return neuronColumns.value === "expanded" ? (
        <ExpandedHead shown={state.shown} />
      ) : (
        <CollapsedHead shown={state.shown} />
      );
    case "no vectors":
      return <NoVectors record={state.record} />;
    case "too long":
      return (
        <Message title="This text is too long to be taken apart">
          {`One query has ${state.tokens.toLocaleString("en")} keys, more than this view lists. ` +
            "Head shows the weights; a probe of up to 2,048 tokens has the Neuron view."}
        </Message>
      );
    case "left out":
      return (
        <Message
          title={`${layerName(shown(record.value)?.layers, layer.value)} has no weights at step ${formatStep(step.value)}`}
        >
          {`Its weights, query and key were not kept: ${state.why}. ` +
            "Log fewer heads or layers, or raise max_record_bytes of the AttentionWriter."}
        </Message>
      );
    case "metrics only":
    case "error":
      // The shell says beside it what is wrong.
      return <p class="head-message is-quiet">Nothing to take apart at this step.</p>;
    default:
      return <p class="head-message is-quiet">{`Loading layer ${layer.value} …`}</p>;
  }
}

function measure({ clientHeight }: HTMLElement): void {
  viewHeight.value = clientHeight;
}

/** What is drawn is another step or head yet. */
function isWaiting(): boolean {
  return [record, weights, vectors].some(({ value }) => value.status === "loading");
}

export function NeuronView() {
  const state = useShownHead();
  const header = shown(record.value);
  const isFolded = frameWidth.value < FOLD_WIDTH;
  const view = useRef<HTMLElement>(null);
  useMeasured(view, measure);
  return (
    <section class="neuron-view" aria-label="Neuron view" ref={view}>
      {header !== undefined && isFolded && <NeuronToolbar record={header} />}
      {header !== undefined && !isFolded && state.status === "ready" && (
        <PairFilters record={header} />
      )}
      {state.status === "ready" && isWaiting() && (
        <span class="model-loading neuron-loading">loading …</span>
      )}
      <Content state={state} />
    </section>
  );
}
