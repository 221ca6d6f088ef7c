import { beforeEach, expect, it } from "vitest";

import type { RecordHeader } from "../../decoding/answers";
import { HeadMaps } from "../../decoding/head_maps";
import { headMaps, record, step, tag } from "../../state";
import { imageTitle } from "./image_title";

const header = {
  tag: "p",
  tokens: { tokens: ["[CLS]", "r0c0"] },
  layers: [],
  special_names: { tokens: { 0: "cls" } },
} as unknown as RecordHeader;

function mapsOf(at: number): HeadMaps {
  const fields = { side: "query", at: 0, tokens: "tokens", layers: [] };
  const none = { maxima: new Float32Array(0), codes: new Uint8Array(0) };
  const arrays = {
    maxima: { data: none.maxima, shape: [0] },
    codes: { data: none.codes, shape: [0] },
  };
  return new HeadMaps({ fields, arrays }, at);
}

beforeEach(() => {
  tag.value = "p";
  record.value = { status: "ready", value: header };
});

it("names the step of the maps that are drawn, not the one that is on its way", () => {
  step.value = 20;
  headMaps.value = { status: "loading", previous: mapsOf(10) };
  expect(imageTitle()).toBe("Where “CLS” looks at step 10, in every head");
  headMaps.value = { status: "ready", value: mapsOf(20) };
  expect(imageTitle()).toBe("Where “CLS” looks at step 20, in every head");
});

it("names no step before there are any", () => {
  headMaps.value = { status: "loading" };
  expect(imageTitle()).toBe("Every head over the picture");
});
