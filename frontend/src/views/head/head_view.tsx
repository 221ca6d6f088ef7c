/** The head view: one layer's heads as lines between tokens, and as numbers beside them. */

import { layer, record, shown, step, shownMode } from "../../state";
import { later } from "../later";
import { HeadLines } from "./head_lines";
import { type Drawn, headNames, HeadToolbar } from "./head_toolbar";
import { type LayerState, type ShownLayer, useShownLayer } from "./shown_layer";
import { layerName } from "../../text/layer_names";
import { formatStep } from "../../text/format_number";

function Message({ title, children }: { title: string; children: string }) {
  return (
    <div class="head-message" role="status">
      <h2>{title}</h2>
      <p>{children}</p>
    </div>
  );
}

const ImageMode = later((parts) => parts.ImageMode);
const SoundMode = later((parts) => parts.SoundMode);
const MatrixMode = later((parts) => parts.MatrixMode);
const LongMode = later((parts) => parts.LongMode);
const LongLines = later((parts) => parts.LongLines);

const modes = { lines: HeadLines, matrix: MatrixMode, image: ImageMode, sound: SoundMode };

function Picture(shownLayer: ShownLayer) {
  const names = headNames(shownLayer.record, shownLayer.weights.layer);
  const Mode = modes[shownMode.value];
  return <Mode {...shownLayer} names={names} />;
}

function Content({ state }: { state: LayerState }) {
  switch (state.status) {
    case "ready":
      return <Picture {...state.shown} />;
    case "long": {
      const names = headNames(state.record, state.picture.layer);
      const Mode = shownMode.value === "matrix" ? LongMode : LongLines;
      return <Mode record={state.record} picture={state.picture} names={names} />;
    }
    case "left out":
      return (
        <Message
          title={`${layerName(shown(record.value)?.layers, layer.value)} has no weights at step ${formatStep(step.value)}`}
        >
          {`Its head metrics and thumbnails are logged, its weights are not: ${state.why}. ` +
            "Log fewer heads or layers, or raise max_record_bytes of the AttentionWriter."}
        </Message>
      );
    case "error":
      // The shell says beside it what is wrong.
      return <p class="head-message is-quiet">No lines for this step.</p>;
    default:
      return <p class="head-message is-quiet">{`Loading layer ${layer.value} …`}</p>;
  }
}

/** Of the picture on screen, which may be the one before. */
function drawnOf(state: LayerState): Drawn | null {
  if (state.status === "ready")
    return { record: state.shown.record, layer: state.shown.weights.layer };
  return state.status === "long" ? { record: state.record, layer: state.picture.layer } : null;
}

export function HeadView() {
  const state = useShownLayer();
  const header = shown(record.value);
  return (
    <section class="head-view" aria-label="Head view">
      {header?.layers[layer.value] !== undefined && (
        <HeadToolbar
          record={header}
          hasLines={state.status !== "left out"}
          drawn={drawnOf(state) ?? { record: header, layer: layer.value }}
        />
      )}
      <Content state={state} />
    </section>
  );
}
