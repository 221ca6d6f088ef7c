/** One loaded layer → its heads over the picture: the picture to choose a query on, a tile a head, a strip over the steps. */

import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import type { RecordHeader } from "../../decoding/answers";
import { patchAt, type Panel } from "../../decoding/panels";
import { FaultNotes } from "../../parts/fault_notes";
import { useDrawnMark } from "../../parts/drawn_mark";
import { useMeasured, useSize, type Size } from "../../parts/measured";
import { useBasePicture, type PictureSize } from "../../parts/picture_map/base_picture";
import { MapCanvas } from "../../parts/picture_map/map_canvas";
import { MapScale } from "../../parts/picture_map/map_legend";
import { PatchGrid } from "../../parts/picture_map/patch_grid";
import type { PatchRegion } from "../../parts/picture_map/patch_region";
import { WordChips } from "../../parts/picture_map/word_chips";
import { useExport, useTable } from "../../saving/exported";
import {
  chosenList,
  chosenWords,
  drawnHead,
  hoverKey,
  hoverQuery,
  isOneList,
  key,
  panel as shownPanel,
  panels,
  pixelsOf,
  query,
  readPatch,
  rolloutHeads,
  shownPosition,
  theme,
} from "../../state";
import { layerShort } from "../../text/layer_names";
import { patchName, positionName, timesText } from "../../text/patch_names";
import { formatWeight } from "../../text/format_number";
import { freeChoice, pickChoice, pickPicture, pointChoice, pointPicture } from "./choosing";
import { FilmStrip } from "./film_strip";
import { HeadTiles, nameOf } from "./head_tiles";
import { imageExport, mapsTable } from "./image_export";
import { GAP, plotIn, sizesIn } from "./picture_sizes";
import { RegionFind } from "./region_find";
import { mapStyle, shownMaps, type ImageModeProps, type ShownMaps } from "./shown_maps";
import { WeightShares } from "./weight_shares";

export function ImageMode(props: ImageModeProps) {
  const panel = shownPanel.value;
  const shown = panel === null ? null : shownMaps(props.record, props.weights, panel);
  if (panel === null || shown === null)
    return <p class="head-message is-quiet">This layer has no patches to look at.</p>;
  return <Pictures {...props} panel={panel} shown={shown} />;
}

interface PicturesProps extends ImageModeProps {
  readonly panel: Panel;
  readonly shown: ShownMaps;
}

function leave(): void {
  hoverQuery.value = hoverKey.value = null;
}

/** Of one line of words. */
const LINE = 30;

function usePictureSizes(size: Size, panel: Panel, { maps }: ShownMaps) {
  const [words, setWords] = useState(LINE);
  const tiles = maps.length + (rolloutHeads.value !== null && isOneList.value ? 1 : 0);
  const sizes = useMemo(
    () => sizesIn({ ...size, width: size.width - 16, words }, panel, tiles),
    [size, words, panel, tiles],
  );
  return { ...sizes, setWords };
}

function Pictures(props: PicturesProps) {
  const { record, weights, names, panel, shown } = props;
  const room = useRef<HTMLDivElement>(null);
  const size = useSize(room);
  const width = size.width;
  const short = layerShort(record.layers, weights.layer);
  const head = drawnHead(weights);
  const name = nameOf(head, names, short);
  useExport(() => imageExport(props, short));
  useTable("Maps", () => mapsTable(props));
  const onDrawn = useDrawnMark("head", [
    weights,
    shown.at,
    panel,
    pixelsOf(panel),
    theme.value,
    "image",
  ]);
  useLayoutEffect(() => {
    if (width > 0) onDrawn();
  }, [onDrawn, width > 0]);
  useEffect(() => leave, []);
  const { large, tile, columns, left, setWords } = usePictureSizes(size, panel, shown);
  return (
    <div class="image-mode" ref={room}>
      {width > 0 && (
        <>
          <FaultNotes record={record} layer={weights.layer} names={names} />
          <Words {...props} head={head} name={name} onHeight={setWords} />
          <div class="image-row">
            <LargePicture
              key={`${panel.list} ${panel.name} ${panel.rows} ${panel.cols}`}
              {...{ record, panel }}
              layer={weights.layer}
              size={large}
            />
            <div class="image-beside">
              <div class="image-tiles">
                <div style={{ maxWidth: columns * (tile.width + GAP) }}>
                  <HeadTiles {...{ shown, panel, names }} size={tile} layerName={short} />
                </div>
                {left > 0 && <Shares {...props} head={head} name={name} width={left} />}
              </div>
              <div class="model-legend">
                <MapScale keys={shown.layer.keys} />
              </div>
            </div>
          </div>
          <FilmStrip
            {...{ record, panel, shown, head, name }}
            layer={weights.layer}
            plot={plotIn(size.height)}
          />
        </>
      )}
    </div>
  );
}

interface LargePictureProps {
  readonly record: RecordHeader;
  readonly layer: number;
  readonly panel: Panel;
  readonly size: PictureSize;
}

function LargePicture({ record, layer, panel, size }: LargePictureProps) {
  const [region, setRegion] = useState<PatchRegion | null>(null);
  const pixels = pixelsOf(panel);
  const base = useBasePicture(panel, pixels, size, "full", theme.value);
  const style = useMemo(mapStyle, [theme.value]);
  const choice = patchAt(panel, shownPosition.value);
  const pinned = isOneList.value ? choice : -1;
  const pointed = isOneList.value ? -1 : readPatch.value;
  return (
    <figure class="image-large" style={{ width: size.width }}>
      <PatchGrid
        panel={panel}
        size={size}
        label={isOneList.value ? "The picture, to choose a patch" : "The picture, to read a patch"}
        hasLines
        pinned={pinned}
        pointed={pointed}
        onPoint={pointPicture}
        onPick={pickPicture}
        onClear={freeChoice}
        region={region}
        onRegion={setRegion}
      >
        <MapCanvas
          {...{ base, style, size }}
          map={null}
          label="The picture"
          marks={{ ...panel, pinned, pointed }}
        />
      </PatchGrid>
      <figcaption>
        {pixels === null && "No picture was stored: its patches alone. "}
        {isOneList.value
          ? "Point at a patch for its maps, click to keep it."
          : "Point at a patch for its weight."}
        {region === null && " Drag over it to find heads for a rectangle."}
        {panels.value.length > 1 && ` ${panel.name}.`}
      </figcaption>
      {region !== null && (
        <RegionFind {...{ record, layer, panel, region }} onClear={() => setRegion(null)} />
      )}
    </figure>
  );
}

interface NamedHead extends PicturesProps {
  readonly head: number;
  readonly name: string;
}

/** Beside each other, where both have room. */
function Words({ onHeight, ...props }: NamedHead & { onHeight: (height: number) => void }) {
  const element = useRef<HTMLDivElement>(null);
  const measure = useCallback((words: HTMLElement) => onHeight(words.offsetHeight), [onHeight]);
  useMeasured(element, measure);
  return (
    <div class="image-words" ref={element}>
      <Chips {...props} />
      <Readout {...props} />
    </div>
  );
}

function Chips({ shown, head, name }: NamedHead) {
  const list = chosenList.value ?? "tokens";
  const map = shown.maps.find((each) => each.head === head);
  const isColoured = isOneList.value && shown.side === "query" && map !== undefined;
  if (chosenWords.value.length === 0) return null;
  return (
    <div class="image-chips">
      <span>{isColoured ? "beside the picture" : shown.side}</span>
      <WordChips
        label={shown.side === "query" ? "Words and special positions as query" : "Keys"}
        list={list}
        positions={chosenWords.value}
        chosen={shown.at}
        times={isColoured ? (position) => (map.line[position] ?? NaN) * shown.layer.keys : null}
        onPoint={pointChoice}
        onPick={pickChoice}
      />
      {isColoured && <span>coloured by {name}; a click makes one the query</span>}
    </div>
  );
}

/** Where tiles leave room: the chosen head's weight, also what is not on the picture. */
function Shares({ shown, panel, head, name, width }: NamedHead & { readonly width: number }) {
  const map = shown.maps.find((each) => each.head === head);
  if (map === undefined || shown.side !== "query") return null;
  return (
    <section class="image-shares" style={{ width }}>
      <h3>Where {name}’s weight goes</h3>
      <WeightShares list={shown.layer.key_tokens} line={map.line} panel={panel} />
    </section>
  );
}

/** In one place, whatever is pointed at. */
function Readout({ record, shown, panel, head, name }: NamedHead) {
  const list = chosenList.value ?? "tokens";
  const isPinned = (shown.side === "query" ? query.value : key.value) !== null;
  const map = shown.maps.find((each) => each.head === head);
  const patch = readPatch.value;
  const best = map === undefined ? -1 : map.weights.indexOf(Math.max(...map.weights));
  const at = patch === -1 ? best : patch;
  return (
    <p class="image-readout" aria-live="polite">
      <span>
        {shown.side} <strong>{positionName(record, list, shown.at)}</strong>
        {isPinned && (
          <button type="button" class="link" onClick={freeChoice}>
            free it
          </button>
        )}
      </span>
      {map !== undefined && at !== -1 && (
        <span>
          {name} {patch === -1 ? "most" : ""} on <strong>{patchName(panel, at)}</strong>:{" "}
          {formatWeight(map.weights[at]!, 4)} = {timesText(map.times[at]!)} uniform
        </span>
      )}
    </p>
  );
}
