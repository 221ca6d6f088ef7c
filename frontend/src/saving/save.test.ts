import { expect, it } from "vitest";

import { fileName } from "./save";

it("names of files hold nothing that files must not, and differ where what they name differs", () => {
  const places = [
    ["a/b", "c"],
    ["a-b", "c"],
    ["a_b", "c"],
    ["a", "b_c"],
    ["a", "b c"],
    ["a", "b-c"],
    ["a b", "c"],
  ];
  const names = places.map((place) => fileName(...place, "model", 10));
  expect(new Set(names).size).toBe(places.length);
  for (const name of names) expect(name).toMatch(/^[\p{L}\p{N}._~-]+$/u);
  expect(fileName("skewed", "she", "head-L5", 48)).toBe("skewed_she_head-L5_48");
});
