import { describe, expect, it } from "vitest";

import { commonPrefix, folderOf, matchingNames, middleSplit } from "./name_filter";

const names = ["skewed", "control", "lr=0.1(a)"];

describe("the filter of names", () => {
  it.each([
    ["", names],
    ["^s|control$", ["skewed", "control"]],
    ["SKEW", ["skewed"]],
    ["(a", ["lr=0.1(a)"]],
    ["nothing", []],
  ])("%j finds %j", (text, found) => {
    expect(matchingNames(names, text)).toEqual(found);
  });
});

describe("long names", () => {
  it.each([
    [["a/one", "a/two"], ""],
    [["experiments/2026/a", "experiments/2026/bcdef"], "experiments/2026/"],
    [["bert-base-uncased_seed1", "bert-base-uncased_seed12"], "bert-base-uncased_"],
    [["experiments/2026/", "experiments/2026/bcdef"], ""],
    [["one alone, however long it is"], ""],
    [[], ""],
  ])("%j share %j", (all, prefix) => {
    expect(commonPrefix(all)).toBe(prefix);
  });

  it("keep their end", () => {
    expect(middleSplit("short")).toEqual(["short", ""]);
    expect(middleSplit("a-very-long-run-name-with-seed-17")).toEqual([
      "a-very-long-run-name-wi",
      "th-seed-17",
    ]);
    expect(middleSplit("😀".repeat(30)).every((part) => part.isWellFormed())).toBe(true);
  });

  it("stand in folders", () => {
    expect(["a/b/c", "c"].map(folderOf)).toEqual(["a/b/", ""]);
  });
});
