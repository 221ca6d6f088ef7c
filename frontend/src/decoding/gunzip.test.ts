import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";

import { gunzip } from "./gunzip";

/** A small generator, so that a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
}

function bytes(length: number, seed: number, kinds: number): Uint8Array {
  const next = random(seed);
  return Uint8Array.from({ length }, () => Math.floor(next() ** 3 * kinds));
}

const packed = (plain: Uint8Array, level = 6): Uint8Array =>
  new Uint8Array(gzipSync(plain, { level }));

/** Bits that fill up the last byte mean nothing: with another of these the bytes are the same. */
function isSafe(member: Uint8Array, plain: Uint8Array): boolean {
  const into = new Uint8Array(plain.length);
  try {
    return gunzip(member, into) !== plain.length || Buffer.compare(into, plain) === 0;
  } catch {
    return true;
  }
}

describe("a gzip member", () => {
  it.each([0, 1, 6, 9])("of level %i becomes what was put in", (level) => {
    for (const [length, kinds] of [
      [0, 1],
      [1, 9],
      [300, 256],
      [16384, 40],
      [70000, 256],
      [200000, 3],
    ] as const) {
      const plain = bytes(length, length + level, kinds);
      const into = new Uint8Array(length);
      expect(gunzip(packed(plain, level), into)).toBe(length);
      expect(Buffer.compare(into, plain)).toBe(0);
    }
  });

  it("whose rows are stored blocks between runs of zeros is read, as Python writes it", () => {
    const member = Buffer.from(
      "H4sIAAAAAAAE/wAFAPr/ACVKAABiYCAIAAAFAPr/4QswVQBiYCAIAAAFAPr/x+wWO2BiYCAIAAAAAP//AwCkXvGweAAAAA==",
      "base64",
    );
    const rows = [
      [0, 37, 74],
      [225, 11, 48, 85],
      [199, 236, 22, 59, 96],
    ];
    const into = new Uint8Array(120);
    expect(gunzip(new Uint8Array(member), into)).toBe(120);
    expect(into).toEqual(
      Uint8Array.from(rows.flatMap((row) => [...row, ...Array<number>(40 - row.length).fill(0)])),
    );
  });

  it("with a name in its header is read too", () => {
    const plain = bytes(500, 3, 20);
    const whole = packed(plain);
    const named = Uint8Array.of(
      ...whole.subarray(0, 3),
      8,
      ...whole.subarray(4, 10),
      97,
      0,
      ...whole.subarray(10),
    );
    const into = new Uint8Array(500);
    expect(gunzip(named, into)).toBe(500);
    expect(into).toEqual(plain);
  });

  it("of more bytes than there is room for says so and writes none beyond", () => {
    const room = new Uint8Array(100);
    expect(gunzip(packed(bytes(120, 1, 20)), room.subarray(0, 90))).toBeGreaterThan(90);
    expect([...room.subarray(90)]).toEqual(Array.from({ length: 10 }, () => 0));
  });

  it("cut anywhere, or with any bit turned, is refused", () => {
    const plain = bytes(400, 5, 30);
    const whole = packed(plain);
    for (let end = 0; end < whole.length; end++)
      expect(isSafe(whole.subarray(0, end), plain), `cut at ${end}`).toBe(true);
    for (let bit = 80; bit < 8 * whole.length; bit++) {
      const turned = whole.slice();
      turned[bit >> 3]! ^= 1 << (bit & 7);
      expect(isSafe(turned, plain), `bit ${bit}`).toBe(true);
    }
  });
});
