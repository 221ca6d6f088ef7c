/** A record without query and key → what to add so that they are logged. */

import { useSignal } from "@preact/signals";

import { Code } from "../../controls/code";
import { sentence } from "../../text/sentence";
import { Segmented } from "../../controls/segmented";
import { layer, type RecordHeader, step } from "../../state";
import { listed } from "./texts";
import { formatStep } from "../../text/format_number";

export interface NoVectorsProps {
  record: RecordHeader;
}

const ways = [
  {
    name: "add_probe",
    code: 'writer.add_probe("doctor/she", model, inputs, tokenizer, step, query_key=True)',
  },
  {
    name: "Hugging Face Trainer",
    code: `from tensorboard_plugin_attn.integrations.transformers import AttentionCallback
probes = {"doctor/she": "the doctor asked the nurse because she was late ."}
Trainer(..., callbacks=[AttentionCallback(probes, every="epoch", query_key=True)])`,
  },
  {
    name: "By hand",
    code: `from tensorboard_plugin_attn import AttentionRecord, LayerAttention
layer = LayerAttention(weights, query=query, key=key, scale=head_size**-0.5)
writer.add_record("doctor/she", AttentionRecord([layer], tokens), step)`,
  },
];

/** Layers of the same record that have them. */
function Elsewhere({ record }: NoVectorsProps) {
  const layers = record.layers.flatMap(({ vectors }, i) => (vectors ? String(i) : []));
  if (layers.length === 0) return null;
  const shown = layers.length > 8 ? [...layers.slice(0, 7), `${layers.length - 7} more`] : layers;
  return (
    <p class="hint">
      Of this record {layers.length === 1 ? "layer" : "layers"} {listed(shown)} ha
      {layers.length === 1 ? "s" : "ve"} them: choose one under “Layer and head”.
    </p>
  );
}

/** In a stand-alone page: the file they were logged in has them. */
function NotInFile({ record, why }: NoVectorsProps & { why: string }) {
  return (
    <div class="message-page is-neuron" role="status">
      <h1>Query and key of layer {layer.value} are not in this file</h1>
      <p class="lead">{sentence(why)}</p>
      <Elsewhere record={record} />
    </div>
  );
}

export function NoVectors({ record }: NoVectorsProps) {
  const left = record.left_out.find(
    (each) => each.layer === layer.value && each.what === "vectors",
  );
  return left === undefined ? (
    <HowToLog record={record} />
  ) : (
    <NotInFile record={record} {...left} />
  );
}

function HowToLog({ record }: NoVectorsProps) {
  const chosen = useSignal(ways[0]!.name);
  const { code } = ways.find(({ name }) => name === chosen.value)!;
  return (
    <div class="message-page is-neuron" role="status">
      <h1>
        No query and key for layer {layer.value} at step {formatStep(step.value)}
      </h1>
      <p class="lead">
        Weights are logged, the vectors that they are made of are not: they are logged only when
        asked for. Add query_key=True where the probe is logged; from the next logged step on this
        page takes each weight apart.
      </p>
      <Segmented
        label="Way to log"
        hideLabel
        value={chosen.value}
        choices={ways.map(({ name }) => ({ value: name, name }))}
        onChange={(name) => {
          chosen.value = name;
        }}
      />
      <Code code={code} />
      <Elsewhere record={record} />
    </div>
  );
}
