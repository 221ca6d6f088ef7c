import { afterEach, expect, it } from "vitest";

import { fakeApi, listing } from "../../tests/fake_api";
import { startRunOrderLoader } from "./run_order_loader";
import * as state from "../state";

const cases: { name: string; lists: string[][]; numbers: Record<string, number> }[] = [
  { name: "by their first event", lists: [["skewed", "a"]], numbers: { skewed: 0, a: 1, r: 2 } },
  {
    name: "a later one after those before",
    lists: [["skewed"], ["a", "skewed"]],
    numbers: { skewed: 0, a: 1, r: 2 },
  },
  { name: "by name without TensorBoard's list", lists: [], numbers: { a: 0, r: 1, skewed: 2 } },
];

let stop = (): void => undefined;
afterEach(() => {
  stop();
  state.runOrder.value = [];
  state.index.value = null;
});

for (const { name, lists, numbers } of cases)
  it(`numbers runs as TensorBoard's page does: ${name}`, async () => {
    const api = fakeApi();
    const answers = [...lists];
    api.runNames = () =>
      answers.length > 0 ? Promise.resolve(answers.shift()!) : Promise.reject(new Error("no"));
    stop = startRunOrderLoader(api);
    const { r } = listing(1) as { r: never };
    for (let i = 0; i <= lists.length; i++) {
      state.setIndex({ skewed: r, r, a: r });
      await new Promise((resolve) => setTimeout(resolve));
    }
    expect(Object.fromEntries(state.runs.value.map((run) => [run, state.runNumber(run)]))).toEqual(
      numbers,
    );
  });
