/** One head in both records over the picture → the map of a query at A, at B, and what it gained and lost. */

import { useMemo, useRef } from "preact/hooks";

import type { Panel } from "../../decoding/panels";
import { patchAt } from "../../decoding/panels";
import type { MapStyle, PatchMap } from "../../draw/patch_map";
import { strengthOf } from "../../draw/patch_map";
import { viewSize } from "../../parts/heads_grid/grid_room";
import { useWidth } from "../../parts/measured";
import {
  pictureSize,
  useBasePicture,
  type BasePicture,
  type PictureSize,
} from "../../parts/picture_map/base_picture";
import { MapCanvas } from "../../parts/picture_map/map_canvas";
import { lineOf, mapOf, patchMap, type MapValues } from "../../parts/picture_map/map_values";
import { PatchGrid } from "../../parts/picture_map/patch_grid";
import { WordChips } from "../../parts/picture_map/word_chips";
import {
  chosenList,
  chosenWords,
  hoverKey,
  hoverQuery,
  isOneList,
  panel as shownPanel,
  pictureLook,
  pinKey,
  pinnedPosition,
  pinQuery,
  pixelsOf,
  readPatch,
  shownDirection,
  shownPosition,
  theme,
} from "../../state";
import { formatDifference, formatWeight } from "../../text/format_number";
import { patchName, positionName } from "../../text/patch_names";
import type { Pair } from "./chosen_pair";

export interface ChangeMaps {
  readonly panel: Panel;
  readonly at: number;
  readonly before: MapValues;
  readonly after: MapValues;
  readonly maps: { readonly a: PatchMap; readonly b: PatchMap; readonly change: PatchMap };
}

/** As between the figures. */
const GAP = 16;
const PLAIN = { scale: "uniform", topShare: 0, topLook: "outline" } as const;

/** null where the layer has no patches. */
export function changeMaps({ header, first, second, head }: Pair): ChangeMaps | null {
  const [panel, at, layer] = [shownPanel.value, shownPosition.value, header.layers[second.layer]];
  if (panel === null || at === null || layer === undefined) return null;
  const side = shownDirection.value === "keys" ? "query" : "key";
  const wanted = { panel, side, at } as const;
  const [before, after] = [first, second].map((of) =>
    mapOf(lineOf(of, [head], wanted), layer, wanted),
  );
  const strength = after!.times.map((times, patch) => {
    const change = times - before!.times[patch]!;
    return Math.sign(change) * strengthOf(Math.abs(change));
  });
  const { rows, cols } = panel;
  return {
    ...{ panel, at, before: before!, after: after! },
    maps: {
      a: patchMap(panel, before!, PLAIN),
      b: patchMap(panel, after!, PLAIN),
      change: { rows, cols, strength, isSigned: true },
    },
  };
}

export const changeStyle = (): MapStyle => ({ theme: theme.value, opacity: 1, isSmooth: false });

const isByQuery = (): boolean => shownDirection.peek() === "keys";

function pointChoice(position: number | null): void {
  (isByQuery() ? hoverQuery : hoverKey).value = position;
}

function pointPatch(patch: number): void {
  const position = shownPanel.peek()?.positions[patch] ?? null;
  (isByQuery() ? hoverKey : hoverQuery).value = position;
}

function pick(position: number | undefined): void {
  if (position !== undefined) (isByQuery() ? pinQuery : pinKey)(position);
}

export function ChangeImage(pair: Pair) {
  const room = useRef<HTMLDivElement>(null);
  const width = useWidth(room);
  const found = changeMaps(pair);
  return (
    <div class="change-image" ref={room}>
      {found !== null && width > 0 && <Maps pair={pair} found={found} width={width} />}
    </div>
  );
}

interface MapsProps {
  readonly pair: Pair;
  readonly found: ChangeMaps;
  readonly width: number;
}

function Maps({ pair, found, width }: MapsProps) {
  const { panel, at, maps } = found;
  const size = pictureSize(
    panel,
    (width - 2 * GAP) / 3,
    Math.max(300, 0.4 * viewSize.value.height),
  );
  const [source, look, name] = [pixelsOf(panel), pictureLook.value, theme.value];
  const base = useBasePicture(panel, source, size, look, name);
  const style = useMemo(changeStyle, [name]);
  const list = chosenList.value ?? "tokens";
  const pinned = isOneList.value ? patchAt(panel, pinnedPosition.value) : -1;
  return (
    <>
      <WordChips
        label="Words and special positions"
        list={list}
        positions={chosenWords.value}
        chosen={at}
        times={null}
        onPoint={pointChoice}
        onPick={pick}
      />
      <div class="both-sides">
        {(["a", "b"] as const).map((side) => (
          <figure key={side}>
            <MapCanvas
              {...{ base, style, size }}
              map={maps[side]}
              label={`Map at ${side.toUpperCase()}`}
            />
            <figcaption>{side.toUpperCase()}</figcaption>
          </figure>
        ))}
        <Change {...{ panel, base, style, size, pinned }} map={maps.change} />
      </div>
      <Readout {...found} />
      <p class="side-hint">
        From {positionName(pair.header, list, at)}, at B less at A; full colour from 9 × uniform.
      </p>
    </>
  );
}

interface ChangeProps {
  readonly panel: Panel;
  readonly base: BasePicture;
  readonly style: MapStyle;
  readonly size: PictureSize;
  readonly pinned: number;
  readonly map: PatchMap;
}

/** What was gained and lost; a patch of it can be pointed at and pinned. */
function Change({ panel, base, style, size, pinned, map }: ChangeProps) {
  return (
    <figure>
      <PatchGrid
        panel={panel}
        size={size}
        label="What the chosen head gained and lost over the picture"
        pointed={readPatch.value}
        pinned={pinned}
        onPoint={pointPatch}
        onPick={(patch) => isOneList.peek() && pick(panel.positions[patch])}
        onClear={() => pick(undefined)}
      >
        <MapCanvas
          {...{ base, style, size, map }}
          label="Gained and lost over the picture"
          marks={{ ...panel, pinned, pointed: readPatch.value }}
        />
      </PatchGrid>
      <figcaption>B − A</figcaption>
    </figure>
  );
}

/** Of the pointed patch, else of the one that changed most. */
function Readout({ panel, before, after }: ChangeMaps) {
  const changes = after.weights.map((weight, patch) => Math.abs(weight - before.weights[patch]!));
  const patch = readPatch.value === -1 ? changes.indexOf(Math.max(...changes)) : readPatch.value;
  if (patch === -1) return null;
  const [a, b] = [before.weights[patch]!, after.weights[patch]!];
  return (
    <p class="image-readout" aria-live="polite">
      <strong>{patchName(panel, patch)}</strong>
      <span>
        {formatWeight(a, 3)} → {formatWeight(b, 3)} <strong>{formatDifference(b - a, 3)}</strong>
      </span>
    </p>
  );
}
