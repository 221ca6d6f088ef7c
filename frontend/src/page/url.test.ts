import { beforeEach, describe, expect, it } from "vitest";

import * as state from "../state";
import { applyPairs, formatHash, pairsOfState, parseHash } from "./url";

const index = {
  "a b&c=d/é": { "doctor/she": { steps: [0, 4, 8], wall_times: [], versions: [], kinds: [] } },
};

beforeEach(() => {
  applyPairs([]);
  state.index.value = null;
});

function setEverything(): void {
  state.view.value = "head";
  state.run.value = "a b&c=d/é";
  state.tag.value = "doctor/she";
  state.step.value = -4;
  state.layer.value = 5;
  state.head.value = 3;
  state.query.value = 9;
  state.key.value = 0;
  state.shownHeads.value = new Set([11, 2]);
  state.hiddenRuns.value = new Set(["x.y", 'quo"te']);
  state.runFilter.value = "^(a|b)+%";
  state.threshold.value = 0.125;
  state.gain.value = 2.5;
  state.specials.value = "mute";
  state.numbers.value = false;
  state.thumbnailStyle.value = "lines";
  state.headOpen.value = false;
  state.sortBy.value = "previous_token";
  state.cellMetric.value = "confidence";
  state.dimBelow.value = 0.5;
  state.sentenceFilter.value = "ba";
  state.headMode.value = "matrix";
  state.headSummary.value = "max";
  state.colourScale.value = "linear";
  state.linesLayout.value = "horizontal";
  state.mergeWords.value = true;
  state.rawTokens.value = true;
  state.rolloutHeads.value = "max";
  state.isPathDrawn.value = false;
  state.areSpecialsListed.value = true;
  state.playSpeed.value = "0.5";
  state.tokenRange.value = { query: [40, 71], key: [32, 33] };
}

describe("pairs of the state", () => {
  it("are none for the initial state", () => {
    expect(pairsOfState()).toEqual([]);
  });

  it("come back from the hash as they went in, for every setting at once", () => {
    setEverything();
    const pairs = pairsOfState();
    expect(pairs).toHaveLength(32);
    const hash = formatHash("#attn", pairs);
    applyPairs([]);
    expect(pairsOfState()).toEqual([]);
    applyPairs(parseHash(hash)!);
    expect(pairsOfState()).toEqual(pairs);
    expect([...state.shownHeads.value!]).toEqual([2, 11]);
    expect(state.run.value).toBe("a b&c=d/é");
    expect(state.tokenRange.value).toEqual({ query: [40, 71], key: [32, 33] });
  });

  it.each([
    ["layer", "-1"],
    ["layer", "two"],
    ["threshold", "3"],
    ["threshold", ""],
    ["view", "constructor"],
    ["heads", "1..2"],
    ["hiddenRuns", "[1"],
    ["step", "1e9"],
    ["numbers", "yes"],
    ["speed", "3"],
    ["range", "5-4.0-1"],
    ["range", "0-4"],
  ])("that mean nothing are left out: %s=%s", (key, value) => {
    applyPairs([[key, value]]);
    expect(pairsOfState()).toEqual([]);
  });

  it("name a step that is no longer logged: the nearest is taken when the listing comes", () => {
    applyPairs([
      ["run", "a b&c=d/é"],
      ["tag", "doctor/she"],
      ["step", "5"],
    ]);
    state.setIndex(index);
    expect(state.step.value).toBe(4);
  });
});

describe("the hash", () => {
  it("is ours only when it starts with the plugin's name", () => {
    expect(parseHash("#scalars&p.attn.layer=3")).toBeNull();
    expect(parseHash("#attnx&p.attn.layer=3")).toBeNull();
    expect(parseHash("")).toBeNull();
    expect(parseHash("#attn")).toEqual([]);
    expect(parseHash("#attn&p.attn.layer=3")).toEqual([["layer", "3"]]);
  });

  it("keeps what belongs to others and replaces what is ours", () => {
    const hash = "#attn&p.attn.layer=3&tagFilter=a%20b&p.other.x=1";
    expect(formatHash(hash, [["head", "2"]])).toBe(
      "#attn&p.attn.head=2&tagFilter=a%20b&p.other.x=1",
    );
  });

  it("with a broken escape is taken as it stands", () => {
    expect(parseHash("#attn&p.attn.run=100%")).toEqual([["run", "100%"]]);
  });
});
