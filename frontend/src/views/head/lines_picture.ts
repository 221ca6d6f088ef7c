/** The numbers of a layer → its picture as data: all tokens, lines, and the weights beside them. */

import { mix, rgbOf, cssOf, backgroundColour, inkOn } from "../../draw/colour";
import { moveShape, type Paper, papers, type Picture, type Shape } from "../../draw/picture";
import { LineRasteriser } from "../../draw/lines";
import { makeRaster } from "../../draw/raster";
import { formatEffect } from "../../text/effect_words";
import { formatStep, formatWeight } from "../../text/format_number";
import type { RecordHeader, Theme } from "../../state";
import { elide, isolated } from "../../text/tokens";
import { tokenPlaces } from "../../parts/token_lines/axis";
import { crowd, focused, manyHeads, offsets } from "../../parts/token_lines/line_canvas";
import type { LayerNumbers } from "./layer_numbers";
import { noKeyCurves, NO_KEY_GAP } from "../../parts/token_lines/no_key";
import { sinkShares, type WeightRows } from "./weight_rows";
import { layerName, layerShort } from "../../text/layer_names";

export interface DrawnLines {
  numbers: Pick<LayerNumbers, "weights" | "heads" | "axes" | "focus">;
  threshold: number;
  gain: number;
  theme: Theme;
  /** Lines of the focused token alone, if there is one. */
  alone?: boolean;
  /** From one token to the next. */
  rowHeight?: number;
}

/** What each drawn head changes of an objective; NaN where that is not known. */
export interface DrawnEffects {
  title: string;
  values: readonly number[];
}

export interface LinesScene extends DrawnLines {
  record: RecordHeader;
  numbers: DrawnLines["numbers"] & { rows: Pick<WeightRows, "side" | "byHead" | "hidden"> };
  /** null: none were logged. */
  effects?: DrawnEffects | null;
  /** By head. */
  names: readonly string[];
  /** Write the weights, not only their colours. */
  withNumbers: boolean;
}

const ROW = 24;
const TOP = 76;
const EDGE = 16;
const TOKENS = 136;
const LINES = 520;
const COLUMN = 44;
/** More lines than these are drawn as pixels. */
const MOST_LINES = 30_000;
const SCALE = 2;
const FAINT = 0.25;

const left = EDGE + TOKENS + 8;
const right = left + LINES;
/** Where the columns beside the key tokens begin, and the rows. */
export const table = right + 8 + TOKENS + EDGE;
export const linesTop = TOP;
export const rowPitch = ROW;

function tokenShapes(scene: DrawnLines, side: "query" | "key", paper: Paper): Shape[] {
  const { axes, focus } = scene.numbers;
  const pitch = scene.rowHeight ?? ROW;
  const isQuery = side === "query";
  const x = isQuery ? left - 8 : right + 8;
  const anchor = isQuery ? ("end" as const) : ("start" as const);
  const head: Shape = { kind: "text", x, y: TOP - 12, text: side, colour: paper.second, anchor };
  const focused = focus?.side === side ? focus.token : null;
  const tokens = axes[side].rows.map(({ token, text, off, unseen }, row): Shape => {
    const y = TOP + (row + 0.5) * pitch + 4.5;
    return {
      kind: "text",
      x,
      y,
      text: unseen === true ? "" : isolated(elide(text, 20)),
      anchor,
      isBold: token === focused,
      ...(off && { colour: paper.second }),
    };
  });
  return [head, ...tokens];
}

interface Strokes {
  gain: number;
  width0: number;
  widthPerWeight: number;
  /** Share of their opacity. */
  strength: number;
  query: number | null;
  key: number | null;
}

/** The crowd, and over it the lines of the pinned token. */
function strokesOf({ numbers, gain, alone = false }: DrawnLines): Strokes[] {
  const { focus, heads } = numbers;
  const many = Math.min(1, manyHeads / heads.length);
  const all = { ...crowd, gain: gain * crowd.gain * many, strength: 1, query: null, key: null };
  if (focus === null) return [all];
  const own = { ...focused, gain: gain * focused.gain, strength: 1, query: null, key: null };
  const pinned = { ...own, [focus.side]: focus.token };
  return alone ? [pinned] : [{ ...all, strength: FAINT }, pinned];
}

function curves(scene: DrawnLines, strokes: Strokes): Shape[] {
  const { numbers, threshold, rowHeight: pitch = ROW } = scene;
  const { weights, heads, axes } = numbers;
  const from = tokenPlaces(axes.query, pitch, 0, 1);
  const to = tokenPlaces(axes.key, pitch, 0, 1);
  const shifts = offsets(heads.length, pitch);
  const row = new Float32Array(weights.keys);
  const shapes: Shape[] = [];
  heads.forEach(({ head, colour }, at) => {
    for (let query = 0; query < weights.queries; query++) {
      if (Number.isNaN(from[query]!) || (strokes.query ?? query) !== query) continue;
      weights.readRow(head, query, row);
      for (let key = 0; key < weights.keys; key++) {
        const weight = row[key]!;
        if (!(weight >= threshold && weight > 0) || Number.isNaN(to[key]!)) continue;
        if ((strokes.key ?? key) !== key) continue;
        shapes.push({
          kind: "curve",
          from: [left, TOP + from[query]! + shifts[at]!],
          to: [right, TOP + to[key]! + shifts[at]!],
          colour,
          width: Math.max(1, strokes.width0 + strokes.widthPerWeight * weight),
          opacity: strokes.strength * (1 - Math.exp(-weight * strokes.gain)),
        });
        if (shapes.length > MOST_LINES) return;
      }
    }
  });
  return shapes;
}

/** The same as the view draws them. */
function drawnLines(scene: DrawnLines, strokes: Strokes, height: number): Shape {
  const { numbers, threshold, rowHeight: pitch = ROW } = scene;
  const { weights, heads, axes } = numbers;
  const shifts = offsets(heads.length, pitch);
  const raster = makeRaster(SCALE * LINES, SCALE * height);
  const bytes = new LineRasteriser().draw(weights, {
    width: raster.width,
    height: raster.height,
    queryY: tokenPlaces(axes.query, pitch, 0, SCALE),
    keyY: tokenPlaces(axes.key, pitch, 0, SCALE),
    heads: heads.map(({ head, colour }, at) => ({
      head,
      colour: rgbOf(colour),
      offset: shifts[at]! * SCALE,
    })),
    threshold,
    gain: strokes.gain * strokes.strength,
    width0: strokes.width0 * SCALE,
    widthPerWeight: strokes.widthPerWeight * SCALE,
    query: strokes.query,
    key: strokes.key,
  });
  new Uint8ClampedArray(raster.pixels.buffer).set(bytes);
  return { kind: "cells", x: left, y: TOP, width: LINES, height, raster };
}

function lineShapes(scene: DrawnLines, height: number): Shape[] {
  return strokesOf(scene).flatMap((strokes) => {
    const lines = curves(scene, strokes);
    return lines.length > MOST_LINES ? [drawnLines(scene, strokes, height)] : lines;
  });
}

function weightShapes(scene: LinesScene): Shape[] {
  const { record, numbers, names, theme, withNumbers, rowHeight: pitch = ROW } = scene;
  const { rows, heads, axes, weights } = numbers;
  const paper = backgroundColour(theme);
  return heads.flatMap(({ head, colour }, column): Shape[] => {
    const x = table + column * COLUMN;
    const middle = x + COLUMN / 2;
    const title =
      weights.heads === 1 && heads.length === 1
        ? ""
        : `${layerShort(record.layers, weights.layer)}.${names[head] ?? head}`;
    const cells = axes[rows.side].rows.flatMap(({ token, off }, row): Shape[] => {
      const weight = rows.byHead[column]?.[token] ?? NaN;
      if (off || Number.isNaN(weight)) return [];
      const cell = mix(rgbOf(colour), paper, Math.min(1, Math.max(0, weight)));
      const y = TOP + row * pitch + 1;
      const box = {
        kind: "box",
        x: x + 1,
        y,
        width: COLUMN - 2,
        height: pitch - 2,
        colour: cssOf(cell),
      } as const;
      if (!withNumbers) return [box];
      const text = {
        kind: "text",
        x: middle,
        y: y + pitch / 2 + 3,
        text: formatWeight(weight),
      } as const;
      return [box, { ...text, anchor: "middle", colour: inkOn(cell), size: 12 }];
    });
    const line: Shape = { kind: "box", x: x + 1, y: TOP - 8, width: COLUMN - 2, height: 2, colour };
    return [
      { kind: "text", x: middle, y: TOP - 14, text: title, anchor: "middle", size: 12 },
      line,
      ...cells,
    ];
  });
}

/** Tokens of both sides with the lines between them, and how high they are. */
export function tokenLineShapes(scene: DrawnLines): { shapes: Shape[]; height: number } {
  const { query, key } = scene.numbers.axes;
  const paper = papers[scene.theme];
  const height = (scene.rowHeight ?? ROW) * Math.max(query.rows.length, key.rows.length);
  const tokens = [...tokenShapes(scene, "query", paper), ...tokenShapes(scene, "key", paper)];
  return { shapes: [...lineShapes(scene, height), ...tokens], height: TOP + height + EDGE };
}

/** A row under the keys, dashed lines to it and each head's share; none where all weight lies on keys. */
function noKeyShapes(scene: LinesScene): { shapes: Shape[]; height: number } {
  const { numbers, theme, threshold, gain, rowHeight: pitch = ROW } = scene;
  const { heads, axes, focus, rows } = numbers;
  const shares = sinkShares(rows);
  if (shares === null) return { shapes: [], height: 0 };
  const count = Math.max(axes.query.rows.length, axes.key.rows.length);
  const y = TOP + count * pitch + NO_KEY_GAP + pitch / 2;
  const row = focus?.side === "query" ? (axes.query.rowOf[focus.token] ?? -1) : -1;
  const from = TOP + (row + 0.5) * pitch;
  const props = { shares, heads, from, to: y, width: LINES, rowHeight: pitch, threshold, gain };
  const lines = (row < 0 ? [] : noKeyCurves(props)).map((each): Shape => {
    const { from: start, to: end, ...look } = each;
    return { kind: "curve", from: [left, start], to: [right, end], isDashed: true, ...look };
  });
  const colour = papers[theme].second;
  const numbersOf = shares.map((share, column): Shape => {
    const x = table + (column + 0.5) * COLUMN;
    return { kind: "text", x, y: y + 4, text: formatWeight(share), anchor: "middle", size: 12 };
  });
  const name: Shape = { kind: "text", x: right + 8, y: y + 4, text: "no key: sink", colour };
  return { shapes: [...lines, name, ...numbersOf], height: NO_KEY_GAP + pitch };
}

/** Of the bars up and down together, and of the band that they stand in. */
const BARS = 24;
const EFFECTS = 52;

/** A bar for each drawn head, over its column. */
function effectShapes({ title, values }: DrawnEffects, paper: Paper): Shape[] {
  const known = values.map((each) => (Number.isFinite(each) ? each : 0));
  const [up, down] = [Math.max(0, ...known), Math.max(0, ...known.map((each) => -each))];
  const scale = BARS / (up + down || 1);
  const axis = TOP - 36 + up * scale;
  const bars = values.flatMap((value, column): Shape[] => {
    if (!Number.isFinite(value)) return [];
    const [middle, height] = [
      table + (column + 0.5) * COLUMN,
      Math.max(1, Math.abs(value) * scale),
    ];
    return [
      {
        ...{ kind: "box", x: middle - 8, y: value < 0 ? axis : axis - height, width: 16, height },
        colour: paper.second,
      },
      {
        ...{ kind: "text", x: middle, y: TOP + 4, text: formatEffect(value), anchor: "middle" },
        size: 11,
      },
    ];
  });
  const line = { x: table, y: axis, width: values.length * COLUMN, height: 1 };
  return [
    { kind: "text", x: table - EDGE, y: axis + 4, text: title, anchor: "end", size: 12 },
    { kind: "box", ...line, colour: paper.hairline },
    ...bars,
  ];
}

export function linesPicture(scene: LinesScene): Picture {
  const { record, numbers, theme, effects = null } = scene;
  const { background, ink } = papers[theme];
  const lines = tokenLineShapes(scene);
  const below = noKeyShapes(scene);
  const down = effects === null ? 0 : EFFECTS;
  const title = `${record.tag}, step ${formatStep(record.step)}, ${layerName(record.layers, numbers.weights.layer).toLowerCase()}`;
  return {
    width: table + numbers.heads.length * COLUMN + EDGE,
    height: down + lines.height + below.height,
    background,
    ink,
    shapes: [
      { kind: "text", x: EDGE, y: 30, text: title, size: 16, isBold: true },
      ...(effects === null ? [] : effectShapes(effects, papers[theme])),
      ...[...lines.shapes, ...weightShapes(scene), ...below.shapes].map((shape) =>
        moveShape(shape, 0, down),
      ),
    ],
  };
}
