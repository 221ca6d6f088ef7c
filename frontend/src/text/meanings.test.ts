import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

import { limitNames } from "../views/health/limit_names";
import { limitMeaning, roleMeaning } from "./meanings";

/** Names and least scores as the server has them. */
function serverRoles(): [string, string][] {
  const text = readFileSync("../tensorboard_plugin_attn/studying/roles.py", "utf8");
  return [...text.matchAll(/Role\("([^"]+)", "\w+", ([\d.]+)\)/g)].map(([, name, least]) => [
    name!,
    Number(least).toFixed(2).slice(1),
  ]);
}

it("explains every role with the least score that the server takes", () => {
  expect(serverRoles().length).toBeGreaterThan(14);
  for (const [name, least] of serverRoles()) expect(roleMeaning(name)).toContain(least);
  expect(roleMeaning("unclassified")).toContain("no role");
});

it.each(limitNames.map(({ name }) => name))("explains the limit %s", (name) => {
  expect(limitMeaning(name)).not.toBe(name);
});
