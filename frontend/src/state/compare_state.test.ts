import { expect, it } from "vitest";

import * as state from ".";

const logged = (...steps: number[]): state.TagIndex => ({
  steps,
  wall_times: steps,
  versions: steps.map((step) => `v${step}`),
  kinds: steps.map((step) => (step === 7 ? "metrics" : "weights")),
});

it("knows whose column is of another step, the nearest with patterns", () => {
  state.setIndex({
    a: { p: logged(0, 10) },
    b: { p: logged(0, 10) },
    far: { p: logged(0, 3, 7) },
    same: { p: logged(10) },
    other: { q: logged(0) },
  });
  state.selectPlace("b", "p");
  state.selectStep(10);
  state.setView("model");
  state.compareRun.value = "a";
  state.compare.value = "same";
  expect(state.columnRuns.value).toEqual(["far", "same"]);
  expect([...state.columnsElsewhere.value]).toEqual([["far", 3]]);
});

it("compares the only step of a probe with no other, and says so", () => {
  state.setIndex({ a: { p: logged(10) }, b: { p: logged(0, 10) } });
  state.selectPlace("a", "p");
  state.setView("model");
  state.compare.value = "first";
  expect([state.compared.value, state.compareProblem.value]).toEqual([
    null,
    "One step so far: there is none to compare it with.",
  ]);
  state.compareRun.value = "b";
  state.compare.value = "same";
  expect(state.compared.value?.run).toBe("b");
});
