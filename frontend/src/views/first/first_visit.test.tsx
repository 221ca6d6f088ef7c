// @vitest-environment happy-dom
import { render } from "preact";
import { afterEach, beforeEach, expect, it } from "vitest";

import * as state from "../../state";
import { FirstVisit } from "./first_visit";

const root = document.createElement("div");

beforeEach(() => {
  document.body.append(root);
  state.isExplained.value = true;
  render(<FirstVisit />, root);
});
afterEach(() => render(null, root));

const rest = (): Promise<void> => new Promise((done) => setTimeout(done, 20));

it.each([
  ["evolution", "Its line is the metric over training"],
  ["model", "A square is a head"],
  ["head", "A line leads from a token"],
  ["neuron", "query times key"],
] as const)("explains the picture of %s", async (view, words) => {
  state.setView(view);
  await rest();
  expect(root.textContent).toContain(words);
});

it("is gone for good once it was read", async () => {
  root.querySelector("button")!.click();
  await rest();
  expect([root.textContent, state.isExplained.value]).toEqual(["", false]);
});
