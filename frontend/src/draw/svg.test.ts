import { describe, expect, test } from "vitest";

import { type Picture, type Shape } from "./picture";
import { encodePng } from "./png";
import { makeRaster } from "./raster";
import { escapeXml, MOST_CELLS, toSvg } from "./svg";

function picture(...shapes: Shape[]): Picture {
  return { width: 100, height: 50, background: "#ffffff", ink: "#212121", shapes };
}

async function inflated(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

describe("an SVG", () => {
  test("has texts as texts, whatever characters they hold", async () => {
    const svg = await toSvg(picture({ kind: "text", x: 1.2345, y: 2, text: '</text><b>&"' }));
    expect(svg).toContain('<text x="1.23" y="2">&lt;/text&gt;&lt;b&gt;&amp;&quot;</text>');
    expect(escapeXml("a\u0000\ud83d\u{1f44d}\ufffe")).toBe("a\ufffd\ufffd\u{1f44d}\ufffd");
  });

  test("has a curve whose control points stand at half the width", async () => {
    const [from, to] = [[0, 10] as const, [40, 30] as const];
    const svg = await toSvg(
      picture({ kind: "curve", from, to, colour: "#327cbb", width: 1, opacity: 0.5 }),
    );
    expect(svg).toContain('d="M0 10C20 10 20 30 40 30"');
    expect(svg).toContain('stroke-opacity="0.5"');
  });

  test("has a box for neighbouring cells of one colour and none for transparent ones", async () => {
    const raster = makeRaster(4, 1);
    raster.pixels.set([0xff0000ff, 0xff0000ff, 0, 0x800000ff]);
    const svg = await toSvg(picture({ kind: "cells", x: 10, y: 0, width: 40, height: 10, raster }));
    expect(svg.match(/<rect /g)).toHaveLength(3);
    expect(svg).toContain('<rect x="10" y="0" width="20" height="10" fill="#ff0000"/>');
    expect(svg).toContain(
      '<rect x="40" y="0" width="10" height="10" fill="#ff0000" fill-opacity="0.5"/>',
    );
  });

  test("has an image in place of very many cells", async () => {
    const raster = makeRaster(MOST_CELLS + 1, 1);
    const svg = await toSvg(picture({ kind: "cells", x: 0, y: 0, width: 40, height: 10, raster }));
    expect(svg).toContain('image-rendering="pixelated" href="data:image/png;base64,iVBORw0KGgo');
  });

  test("a PNG holds its pixels, line by line without a filter", async () => {
    const raster = makeRaster(2, 2);
    raster.pixels.set([0xff030201, 0xff060504, 0x80090807, 0]);
    const file = await encodePng(raster);
    const view = new DataView(file.buffer);
    expect([view.getUint32(16), view.getUint32(20)]).toEqual([2, 2]);
    const length = view.getUint32(33);
    expect([...(await inflated(file.slice(41, 41 + length)))]).toEqual([
      0, 1, 2, 3, 255, 4, 5, 6, 255, 0, 7, 8, 9, 128, 0, 0, 0, 0,
    ]);
    expect([...file.slice(-4)]).toEqual([0xae, 0x42, 0x60, 0x82]); // the checksum of every IEND
  });
});
