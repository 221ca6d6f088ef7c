import { expect, it } from "vitest";

import { groupsOf, MOST_LINES } from "./run_groups";

const many = (folder: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${folder}s${at}`);

it.each([
  ["few runs", many("a/", MOST_LINES), []],
  ["runs without folders", many("", 8), ["8 runs: 8"]],
  ["runs of one folder", many("a/", 9), ["9 runs: 9"]],
  ["runs of folders", [...many("b/", 4), ...many("a/", 5)], ["a: 5", "b: 4"]],
  ["some without one", [...many("", 4), ...many("a/", 5)], ["a: 5", "not in a folder: 4"]],
])("%s stand in their groups, each with its colour", (_, names, groups) => {
  const found = groupsOf(names, "");
  expect(found.map(({ name, runs }) => `${name}: ${runs.length}`).sort()).toEqual(groups);
  expect(new Set(found.map(({ number }) => number)).size).toBe(found.length);
});
