/** The chosen head → its map over the picture beside the grid, where the rest of its weight goes, and the pointed patch. */

import { useMemo, useRef } from "preact/hooks";

import type { RecordHeader } from "../../decoding/answers";
import type { LayerWeights } from "../../decoding/decode";
import { patchAt, type Panel } from "../../decoding/panels";
import { useWidth } from "../../parts/measured";
import { pictureSize, useBasePicture } from "../../parts/picture_map/base_picture";
import { MapCanvas } from "../../parts/picture_map/map_canvas";
import { lineOf, mapOf, patchMap } from "../../parts/picture_map/map_values";
import { PatchGrid } from "../../parts/picture_map/patch_grid";
import {
  isOneList,
  panel as shownPanel,
  pictureLook,
  pinnedPosition,
  pixelsOf,
  readPatch,
  shownDirection,
  shownPosition,
  theme,
} from "../../state";
import { formatWeight } from "../../text/format_number";
import { patchName, timesText } from "../../text/patch_names";
import { freeChoice, pickPicture, pointRead } from "../image/choosing";
import { mapLook, mapStyle } from "../image/shown_maps";
import { WeightShares } from "../image/weight_shares";

export interface HeadPictureProps {
  readonly record: RecordHeader;
  readonly weights: LayerWeights;
  readonly head: number;
}

const HIGHEST = 384;

export function HeadPicture(props: HeadPictureProps) {
  const panel = shownPanel.value;
  const at = shownPosition.value;
  const room = useRef<HTMLDivElement>(null);
  const width = useWidth(room);
  return (
    <div class="head-picture" ref={room}>
      {panel !== null && at !== null && width > 0 && (
        <Picture {...props} panel={panel} at={at} width={width} />
      )}
    </div>
  );
}

interface PictureProps extends HeadPictureProps {
  readonly panel: Panel;
  readonly at: number;
  readonly width: number;
}

function Picture({ record, weights, head, panel, at, width }: PictureProps) {
  const size = pictureSize(panel, width, HIGHEST);
  const base = useBasePicture(panel, pixelsOf(panel), size, pictureLook.value, theme.value);
  const side = shownDirection.value === "keys" ? "query" : "key";
  const shape = record.layers[weights.layer]!;
  const [look, style] = [mapLook(), mapStyle()];
  const line = useMemo(() => lineOf(weights, [head], { side, at }), [weights, head, side, at]);
  const values = useMemo(() => mapOf(line, shape, { panel, side, at }), [line, shape, panel]);
  const map = useMemo(
    () => patchMap(panel, values, look),
    [values, look.scale, look.topShare, look.topLook],
  );
  const ink = useMemo(() => style, [style.theme, style.opacity, style.isSmooth]);
  const read = readPatch.value;
  const pinned = isOneList.value ? patchAt(panel, pinnedPosition.value) : -1;
  const most = values.weights.indexOf(Math.max(...values.weights));
  const patch = read === -1 ? most : read;
  return (
    <>
      <PatchGrid
        panel={panel}
        size={size}
        label="The chosen head over the picture"
        pointed={read}
        pinned={pinned}
        onPoint={pointRead}
        onPick={pickPicture}
        onClear={freeChoice}
      >
        <MapCanvas
          {...{ base, map, size }}
          style={ink}
          label="Map of the chosen head"
          marks={{ ...panel, pinned, pointed: read }}
        />
      </PatchGrid>
      {patch !== -1 && (
        <p class="image-readout" aria-live="polite">
          <span>
            {read === -1 && "most on "}
            <strong>{patchName(panel, patch)}</strong>: {formatWeight(values.weights[patch]!, 4)} ={" "}
            {timesText(values.times[patch]!)} uniform
          </span>
        </p>
      )}
      {side === "query" && <WeightShares list={shape.key_tokens} line={line} panel={panel} />}
    </>
  );
}
