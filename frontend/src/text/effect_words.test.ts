import { describe, expect, test } from "vitest";
import { effectWord, formatEffect, objectiveTitle } from "./effect_words";

describe("a head’s effect", () => {
  test.each([
    ["loss", -0.3, 0.1, "helps"],
    ["loss", 0.3, NaN, "hurts"],
    ["she minus he", 0.3, NaN, "raises it"],
    ["she minus he", -0.3, 0.1, "lowers it"],
    ["loss", -0.05, 0.1, "within noise"],
    ["loss", NaN, NaN, ""],
  ])("on %s of %d with noise %d %s", (objective, value, noise, word) => {
    expect(effectWord(objective, value, noise)).toBe(word);
  });

  test.each([
    [0.314, "+.31"],
    [-0.0314, "\u2212.031"],
    [0.00314, "+.0031"],
    [0, "±.00"],
    [NaN, "–"],
  ])("of %d is shown with the digits that it has", (value, text) => {
    expect(formatEffect(value)).toBe(text);
  });

  test("is on the loss, or on what the function is called", () => {
    expect(["loss", "objective", "she minus he"].map(objectiveTitle)).toEqual([
      "the loss",
      "the objective",
      "she minus he",
    ]);
  });
});
