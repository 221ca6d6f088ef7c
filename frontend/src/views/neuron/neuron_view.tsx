/** The neuron view: how query and key of one head make up a weight. */

import type { ComponentChildren } from "preact";

import { FOLD_WIDTH, frameWidth, layer, neuronColumns, record, shown, step } from "../../state";
import { Collapsed } from "./collapsed";
import { DistancePlot } from "./distance_plot";
import { Expanded } from "./expanded";
import { NeuronToolbar, SentenceFilters } from "./neuron_controls";
import { NoVectors } from "./no_vectors";
import { type HeadState, useShownHead } from "./shown_head";

function Message({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class="head-message" role="status">
      <h2>{title}</h2>
      <p>{children}</p>
    </div>
  );
}

function Content({ state }: { state: HeadState }) {
  switch (state.status) {
    case "ready": {
      const View = neuronColumns.value === "expanded" ? Expanded : Collapsed;
      return (
        <>
          <View shown={state.shown} />
          <DistancePlot shown={state.shown} />
        </>
      );
    }
    case "no vectors":
      return <NoVectors record={state.record} />;
    case "metrics only":
      return (
        <Message title={`Step ${step.value} has head metrics only`}>
          Weights, query and key were not logged at this step. Move the slider to a step that has
          them.
        </Message>
      );
    case "left out":
      return (
        <Message title={`Layer ${layer.value} has no weights at step ${step.value}`}>
          {`Its weights, query and key were not kept: ${state.why}. ` +
            "Log fewer heads or layers, or raise max_record_bytes of the AttentionWriter."}
        </Message>
      );
    case "error":
      // The shell says beside it what is wrong.
      return <p class="head-message is-quiet">Nothing to take apart at this step.</p>;
    default:
      return <p class="head-message is-quiet">{`Loading layer ${layer.value} …`}</p>;
  }
}

export function NeuronView() {
  const state = useShownHead();
  const header = shown(record.value);
  const isFolded = frameWidth.value < FOLD_WIDTH;
  return (
    <section class="neuron-view" aria-label="Neuron view">
      {header !== undefined && isFolded && <NeuronToolbar record={header} />}
      {header !== undefined && !isFolded && state.status === "ready" && (
        <SentenceFilters record={header} />
      )}
      <Content state={state} />
    </section>
  );
}
