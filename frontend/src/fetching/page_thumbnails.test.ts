import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

import { createApi } from "./api";
import { embeddedFetch, type Embedded } from "./embedded";
import { withThumbnails } from "./page_thumbnails";

const folder = new URL("../../../tests/fixtures/answers/", import.meta.url);
const answer = readFileSync(new URL("weights_layer.bin", folder)).toString("base64");
const golden = JSON.parse(readFileSync(new URL("thumbnails.json", folder), "utf8")) as {
  thumbnails: number[][][][];
};
const layer = { weights: true, source: "codes", queries: 7, keys: 7, thumbnail: [7, 7] };

function page(more: object, answers: object = {}): Embedded {
  return {
    state: "",
    views: [],
    answers: { record: { layers: [{ ...layer, ...more }] }, "weights 0": answer, ...answers },
    place: { run: "a", tag: "b", step: 1 },
    compared: null,
    steps: [1, 1],
  };
}

const at = { run: "a", tag: "b", step: 1, version: null };

test("thumbnails that a page leaves out are its weights, as the server draws them", async () => {
  const api = withThumbnails(createApi(embeddedFetch(page({}))));
  const { value, bytes } = await api.thumbnails(at);
  expect(value.layers).toEqual([{ heads: 3, height: 7, width: 7, offset: 0 }]);
  expect(bytes).toBe(3 * 7 * 7);
  const wanted = golden.thumbnails[1]!.flat(2);
  expect(value.codes.map((code, i) => Math.abs(code - wanted[i]!)).every((by) => by <= 1)).toBe(
    true,
  );
});

const others: [string, object][] = [
  ["pooled", { thumbnail: [4, 4] }],
  ["worked out of query and key", { source: "vectors" }],
  ["left out", { weights: false }],
];

test.each(others)("thumbnails of weights that are %s are the page's own", async (_, more) => {
  const held = readFileSync(new URL("thumbnails.bin", folder)).toString("base64");
  const api = withThumbnails(createApi(embeddedFetch(page(more, { thumbnails: held }))));
  expect([...(await api.thumbnails(at)).value.codes]).toEqual(golden.thumbnails.flat(3));
});

test("contributions have pictures of their own", async () => {
  const api = withThumbnails(createApi(embeddedFetch(page({}))));
  const found = api.thumbnails(at, undefined, "contribution");
  await expect(found).rejects.toMatchObject({ code: "not_embedded" });
});
