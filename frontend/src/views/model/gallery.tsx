/** The heads of each role at this step → the purest three of each as pictures. */

import { useLayoutEffect, useRef } from "preact/hooks";

import { roleAt } from "../../decoding/marked_heads";
import { sequentialTable } from "../../draw/colour";
import type { Cell } from "../../draw/grid";
import { headCodes } from "../../draw/heads_picture";
import { drawHeatmap } from "../../draw/heatmap";
import { makeRaster } from "../../draw/raster";
import { headName, headNumber } from "../../parts/heads_grid/grid_layers";
import { putRaster } from "../../parts/put_raster";
import { metrics, metricStep, openBeside, shown, theme, thumbnails } from "../../state";
import { Meaning } from "../../controls/meaning";
import { formatWeight } from "../../text/format_number";
import { roleMeaning } from "../../text/meanings";
import { capital } from "../../text/metric_names";
import { roleShares, UNCLASSIFIED } from "./head_map";
import { shapes } from "./scene";

const SHOWN = 3;
const SIDE = 88;

interface Pure extends Cell {
  readonly score: number;
}

/** The highest scores of each role. */
function purest(): Map<string, Pure[]> {
  const series = metrics.value;
  const found = new Map<string, Pure[]>();
  if (series === null || metricStep.value === -1) return found;
  series.layers.forEach(({ heads }, layer) => {
    for (let head = 0; head < heads; head++) {
      const role = roleAt(series, metricStep.value, layer, head);
      if (role === null || Number.isNaN(role.score)) continue;
      const of = found.get(role.name) ?? [];
      found.set(role.name, of);
      of.push({ layer, head, score: role.score });
    }
  });
  for (const [name, heads] of found)
    found.set(name, heads.sort((a, b) => b.score - a.score).slice(0, SHOWN));
  return found;
}

export function Gallery() {
  const best = purest();
  const all = roleShares.value.reduce((sum, { heads }) => sum + heads, 0);
  const roles = roleShares.value.filter(({ name, heads }) => name !== UNCLASSIFIED && heads > 0);
  return (
    <section class="gallery" aria-label="Gallery of roles">
      <h2>
        Gallery <span>the purest three of each role</span>
      </h2>
      {roles.length === 0 && <p class="side-hint">No head has a role at this step.</p>}
      {roles.map(({ name, heads, colour }) => (
        <div key={name} class="gallery-role">
          <h3>
            <i class="legend-square" style={{ background: colour }} /> {name}
            <Meaning of={`the role ${name}`} text={`${capital(roleMeaning(name))}.`} />
            <span>
              {heads.toLocaleString("en")} {heads === 1 ? "head" : "heads"} ·{" "}
              {Math.round((100 * heads) / all)} %
            </span>
          </h3>
          <div class="gallery-heads">
            {(best.get(name) ?? []).map((head) => (
              <Head key={`${head.layer}.${head.head}`} of={head} />
            ))}
          </div>
        </div>
      ))}
    </section>
  );
}

function Head({ of }: { readonly of: Pure }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const pictures = shown(thumbnails.value) ?? null;
  useLayoutEffect(() => {
    const side = Math.round(SIDE * window.devicePixelRatio);
    const raster = makeRaster(side, side);
    const codes = pictures === null ? null : headCodes(pictures, of.layer, of.head);
    const box = { x: 0, y: 0, width: side, height: side };
    if (codes !== null) drawHeatmap(raster, box, codes, sequentialTable(theme.value));
    putRaster(canvas.current!, raster);
  }, [pictures, of.layer, of.head, theme.value]);
  const shape = shapes.value[of.layer];
  return (
    <button
      type="button"
      aria-label={`${headName(shapes.value, of)} of the gallery`}
      onClick={() => openBeside(of.layer, of.head)}
    >
      <canvas ref={canvas} aria-hidden="true" style={{ width: SIDE, height: SIDE }} />
      <span>
        {of.layer}.{headNumber(shape, of.head)} <span>{formatWeight(of.score)}</span>
      </span>
    </button>
  );
}
