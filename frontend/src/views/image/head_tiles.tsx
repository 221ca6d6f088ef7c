/** Every drawn head's map → a tile each, with the head's colour and the weight that lies on the picture. */

import { useMemo } from "preact/hooks";

import type { Panel } from "../../decoding/panels";
import { headColour, summaryColour } from "../../draw/colour";
import { patchAt } from "../../decoding/panels";
import {
  useBasePicture,
  type BasePicture,
  type PictureSize,
} from "../../parts/picture_map/base_picture";
import { MapCanvas } from "../../parts/picture_map/map_canvas";
import { patchMap } from "../../parts/picture_map/map_values";
import { patchUnder } from "../../parts/picture_map/patch_grid";
import {
  head as selectedHead,
  isContribution,
  isOneList,
  layer,
  pictureLook,
  pixelsOf,
  readPatch,
  rollout,
  rolloutHeads,
  selectHead,
  shown as stateShown,
  theme,
} from "../../state";
import { capital } from "../../text/metric_names";
import { formatWeight } from "../../text/format_number";
import { pointRead } from "./choosing";
import {
  mapLook,
  mapStyle,
  rolloutMap,
  rolloutText,
  type HeadMap,
  type ShownMaps,
} from "./shown_maps";

export interface TilesProps {
  readonly shown: ShownMaps;
  readonly panel: Panel;
  readonly size: PictureSize;
  /** Number of each head, as in the model. */
  readonly names: readonly string[];
  /** In short. */
  readonly layerName: string;
}

export function HeadTiles({ shown, panel, size, names, layerName }: TilesProps) {
  const base = useBasePicture(panel, pixelsOf(panel), size, pictureLook.value, theme.value);
  const mark = isOneList.value ? patchAt(panel, shown.at) : -1;
  return (
    <div class="map-tiles" role="group" aria-label="Heads over the picture">
      {shown.maps.map((map) => (
        <Tile
          key={map.head}
          {...{ map, shown, panel, base, size, mark }}
          name={nameOf(map.head, names, layerName)}
        />
      ))}
      <RolloutTile {...{ shown, panel, base, size, mark }} />
    </div>
  );
}

export function nameOf(head: number | null, names: readonly string[], layerName: string): string {
  return head === null ? "mean" : `${layerName}.${names[head] ?? head}`;
}

/** Beside the heads and their mean what all layers together let through; the reason where there is none. */
function RolloutTile(props: Omit<TileProps, "map" | "name">) {
  const { shown, panel } = props;
  const { layer, side, at } = shown;
  const found = stateShown(rollout.value);
  const map = useMemo(() => rolloutMap(found, shown, panel), [found, layer, side, at, panel]);
  if (rolloutHeads.value === null || !isOneList.value) return null;
  if (rollout.value.status === "error")
    return <p class="side-hint rollout-none">No rollout: {rollout.value.error.message}</p>;
  if (map === null || found === undefined) return <p class="side-hint">rollout …</p>;
  const name = isContribution.value ? "rollout of weights" : "rollout";
  return <Tile {...props} map={map} name={name} label={capital(rolloutText(found))} />;
}

interface TileProps {
  /** In place of what is said of a mean. */
  readonly label?: string;
  readonly map: HeadMap;
  readonly shown: ShownMaps;
  readonly panel: Panel;
  readonly base: BasePicture;
  readonly size: PictureSize;
  readonly mark: number;
  readonly name: string;
}

function Tile({ map, shown, panel, base, size, mark, name, label }: TileProps) {
  const { head } = map;
  const [look, style] = [mapLook(), mapStyle()];
  const drawn = useMemo(
    () => patchMap(panel, map, look),
    [panel, map, look.scale, look.topShare, look.topLook],
  );
  const ink = useMemo(() => style, [style.theme, style.opacity, style.isSmooth]);
  const share = `${shown.side === "query" ? "image" : "mean"} ${formatWeight(map.share)}`;
  const colour = head === null ? summaryColour(theme.value) : headColour(head, theme.value);
  return (
    <button
      type="button"
      class={head === null ? "map-tile is-mean" : "map-tile"}
      aria-pressed={head !== null && head === selectedHead.value}
      aria-label={`${label ?? (head === null ? "Mean over the shown heads" : `Head ${name}`)}, ${share}`}
      title={label}
      style={{ width: size.width }}
      onClick={() => head !== null && selectHead(layer.value, head)}
    >
      <span class="map-tile-name">
        <i style={{ background: colour }} />
        <strong>{name}</strong>
        <span>{size.width < 116 ? formatWeight(map.share) : share}</span>
      </span>
      <span
        class="map-tile-picture"
        style={{ width: size.width, height: size.height }}
        onPointerMove={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          const [x, y] = [event.clientX - box.left, event.clientY - box.top];
          pointRead(patchUnder(panel, x / box.width, y / box.height));
        }}
        onPointerLeave={() => pointRead(-1)}
      >
        <MapCanvas
          {...{ base, size }}
          map={drawn}
          style={ink}
          label={`Map of ${name}`}
          marks={{ ...panel, pinned: mark, pointed: readPatch.value, isThin: true }}
        />
      </span>
    </button>
  );
}
