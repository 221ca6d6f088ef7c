/** Layer, head, columns, order and sentence filter of the neuron view: in the left pane, or over the view. */

import { RawTokens } from "../../controls/raw_tokens";
import { Segmented } from "../../controls/segmented";
import { type Choice, Select } from "../../controls/select";
import {
  type DimensionOrder,
  dimensionOrder,
  head,
  layer,
  type NeuronColumns,
  neuronColumns,
  record,
  type RecordHeader,
  selectHead,
  selectLayer,
  shown,
} from "../../state";
import { headNames } from "../head/head_toolbar";
import { layerGroups } from "../head/layer_groups";
import { hasSentences } from "../../parts/token_lines/axis";
import { SentenceFilters } from "../../parts/token_lines/sentence_filters";

/** With its stack's name where there are several. */
function layerChoices({ layers }: RecordHeader): Choice<number>[] {
  const groups = layerGroups(layers);
  if (groups.length < 2) return layers.map((_, value) => ({ value, name: `Layer ${value}` }));
  return groups.flatMap(({ name, layers: members }) =>
    members.map((value, at) => ({ value, name: `${name} ${at}` })),
  );
}

export function HeadSelects({ record: header }: { record: RecordHeader }) {
  const names = header.layers[layer.value] === undefined ? [] : headNames(header, layer.value);
  return (
    <>
      <Select
        label="Layer"
        hideLabel
        value={layer.value}
        choices={layerChoices(header)}
        onChange={selectLayer}
      />
      <Select
        label="Head"
        hideLabel
        value={head.value}
        choices={names.map((name, value) => ({ value, name: `Head ${name}` }))}
        onChange={(value) => {
          selectHead(layer.value, value);
        }}
      />
    </>
  );
}

const columnChoices: Choice<NeuronColumns>[] = [
  { value: "expanded", name: "Expanded" },
  { value: "collapsed", name: "Collapsed" },
];
const orderChoices: Choice<DimensionOrder>[] = [
  { value: "contribution", name: "By contribution" },
  { value: "stored", name: "As stored" },
];

interface Compact {
  /** Without a label above, as wide as it needs. */
  compact?: boolean;
}

function ColumnsSwitch({ compact = false }: Compact) {
  return (
    <Segmented
      label="Columns"
      hideLabel={compact}
      wide={!compact}
      value={neuronColumns.value}
      choices={columnChoices}
      onChange={(value) => {
        neuronColumns.value = value;
      }}
    />
  );
}

function OrderSwitch({ compact = false }: Compact) {
  return (
    <Segmented
      label="Order of dimensions"
      hideLabel={compact}
      wide={!compact}
      value={dimensionOrder.value}
      choices={orderChoices}
      onChange={(value) => {
        dimensionOrder.value = value;
      }}
    />
  );
}

/** Only for a sentence pair, as in the head view. */
export function PairFilters({ record: header }: { record: RecordHeader }) {
  if (!hasSentences(header, layer.value)) return null;
  return (
    <div class="neuron-filters">
      <SentenceFilters />
    </div>
  );
}

/** Over the view, where the left pane is folded away. */
export function NeuronToolbar({ record: header }: { record: RecordHeader }) {
  return (
    <div class="neuron-toolbar">
      <HeadSelects record={header} />
      <ColumnsSwitch compact />
      {neuronColumns.value === "expanded" && <OrderSwitch compact />}
      <PairFilters record={header} />
    </div>
  );
}

/** Display settings of the neuron view, for the left pane. */
export function NeuronDisplay() {
  const header = shown(record.value);
  return (
    <>
      {header !== undefined && (
        <div class="neuron-place">
          <span class="field-label">Layer and head</span>
          <HeadSelects record={header} />
        </div>
      )}
      <OrderSwitch />
      <ColumnsSwitch />
      <RawTokens />
    </>
  );
}
