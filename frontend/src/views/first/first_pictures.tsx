/** Made-up numbers → a small picture of each view, in the order in which they fill the page. */

import type { ComponentType } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

import { headColour, runColour, sequentialTable } from "../../draw/colour";
import { drawHeatmap } from "../../draw/heatmap";
import { makeRaster } from "../../draw/raster";
import { colourOf } from "../../draw/theme";
import { useWidth } from "../../parts/measured";
import { putRaster } from "../../parts/put_raster";
import { theme } from "../../state";
import { sketchedCurve, sketchedHead, sketchedVector } from "./sketches";

const HEIGHT = 150;
const GRID = { layers: 6, heads: 10 };
const TOKENS = ["[CLS]", "doctor", "nurse", "she", "late", "[SEP]"];
const [SHE, NURSE] = [3, 2];
const CHARTS = { across: 4, down: 2, points: 25 };
const DIMENSIONS = 24;

function Model() {
  const room = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(room);
  useLayoutEffect(() => {
    if (width === 0) return;
    const scale = window.devicePixelRatio;
    const raster = makeRaster(Math.round(width * scale), Math.round(HEIGHT * scale));
    const [across, down] = [raster.width / GRID.heads, raster.height / GRID.layers];
    for (let at = 0; at < GRID.heads * GRID.layers; at++) {
      const [x, y] = [(at % GRID.heads) * across, Math.floor(at / GRID.heads) * down];
      const box = { x: Math.round(x), y: Math.round(y), width: across - 2, height: down - 2 };
      const whole = { ...box, width: Math.floor(box.width), height: Math.floor(box.height) };
      drawHeatmap(raster, whole, sketchedHead(at), sequentialTable(theme.value));
    }
    putRaster(canvas.current!, raster);
  }, [width, theme.value]);
  return (
    <div ref={room}>
      <canvas ref={canvas} style={{ width, height: HEIGHT }} />
    </div>
  );
}

function Tokens() {
  return (
    <div class="first-tokens">
      {TOKENS.map((token, at) => (
        <span key={at} class={at === SHE || at === NURSE ? "is-strong" : ""}>
          {token}
        </span>
      ))}
    </div>
  );
}

function Head() {
  const pitch = HEIGHT / TOKENS.length;
  const y = (at: number): number => (at + 0.5) * pitch;
  const lines = TOKENS.flatMap((_, from) => TOKENS.map((_, to) => [from, to] as const));
  return (
    <div class="first-head">
      <Tokens />
      <svg viewBox={`0 0 100 ${HEIGHT}`} preserveAspectRatio="none">
        {lines.map(([from, to]) => {
          const isStrong = from === SHE && to === NURSE;
          return (
            <path
              key={`${from} ${to}`}
              d={`M0 ${y(from)}C50 ${y(from)} 50 ${y(to)} 100 ${y(to)}`}
              stroke={headColour(3, theme.value)}
              stroke-width={isStrong ? 3 : 1}
              stroke-opacity={isStrong ? 1 : to === NURSE ? 0.45 : 0.14}
            />
          );
        })}
      </svg>
      <Tokens />
    </div>
  );
}

function Evolution() {
  const { across, down, points } = CHARTS;
  const [wide, high] = [100 / across, HEIGHT / down];
  return (
    <svg viewBox={`0 0 100 ${HEIGHT}`} preserveAspectRatio="none">
      {Array.from({ length: across * down }, (_, chart) => {
        const [left, base] = [(chart % across) * wide, (Math.floor(chart / across) + 1) * high - 6];
        const place = (value: number, at: number): string =>
          `${left + ((wide - 3) * at) / (points - 1)},${base - value * (high - 16)}`;
        return (
          <g key={chart}>
            <path d={`M${left} ${base}h${wide - 3}`} stroke={colourOf("hairline", theme.value)} />
            {[0, 1].map((run) => (
              <polyline
                key={run}
                points={sketchedCurve(chart + 20 * run, points)
                  .map(place)
                  .join(" ")}
                stroke={runColour(run, theme.value)}
                stroke-width={run === 0 ? 1 : 2}
              />
            ))}
          </g>
        );
      })}
    </svg>
  );
}

function Neuron() {
  const [query, key] = [sketchedVector(1, DIMENSIONS), sketchedVector(2, DIMENSIONS)];
  const product = query.map((value, at) => value * key[at]!).sort((a, b) => b - a);
  const rows = [query, key, product];
  const [wide, high] = [100 / DIMENSIONS, HEIGHT / rows.length];
  return (
    <div class="first-neuron">
      <div class="first-tokens">
        {["query", "key", "q × k"].map((name) => (
          <span key={name}>{name}</span>
        ))}
      </div>
      <svg viewBox={`0 0 100 ${HEIGHT}`} preserveAspectRatio="none">
        {rows.map((values, row) =>
          values.map((value, at) => (
            <rect
              key={`${row} ${at}`}
              x={at * wide}
              y={(row + 0.5) * high - Math.max(0, value) * 22}
              width={wide * 0.8}
              height={Math.max(0.5, Math.abs(value) * 22)}
              fill={colourOf(value < 0 ? "lost-line" : "gained-line", theme.value)}
            />
          )),
        )}
      </svg>
    </div>
  );
}

interface Promised {
  readonly name: string;
  readonly since: string;
  readonly what: string;
  readonly picture: ComponentType;
}

const promised: readonly Promised[] = [
  {
    ...{ name: "Model", since: "from the first step on", picture: Model },
    what: "every head’s pattern at one step",
  },
  {
    ...{ name: "Head", since: "from the first step on", picture: Head },
    what: "one layer, token by token, as numbers",
  },
  {
    ...{ name: "Evolution", since: "from the second step on", picture: Evolution },
    what: "which head changed, when, beside the loss",
  },
  {
    ...{ name: "Neuron", since: "with query_key=True", picture: Neuron },
    what: "the query and key behind one weight",
  },
];

export function FirstPictures() {
  return (
    <section class="first-pictures" aria-label="What fills this page">
      <h2>
        What fills this page <span>sketches, of made-up numbers</span>
      </h2>
      <div>
        {promised.map(({ name, since, what, picture: Sketch }) => (
          <figure key={name}>
            <div class="first-sketch" aria-hidden="true">
              <Sketch />
            </div>
            <figcaption>
              <b>{name}</b>
              <span class="is-since">{since}</span>
              <span>{what}</span>
            </figcaption>
          </figure>
        ))}
      </div>
    </section>
  );
}
