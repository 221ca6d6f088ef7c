import { afterEach, expect, it } from "vitest";

import { changedHeads } from "../../../tests/changed_heads";
import { listing } from "../../../tests/fake_api";
import * as state from "../../state";
import { roleShares } from "./head_map";
import { mapMarks } from "./map_marks";

afterEach(() => {
  state.series.value = { status: "idle" };
  state.mapColour.value = "role";
});

it("a printed map of heads says what its colours are: each role with its heads, or a scale and its ends", () => {
  state.setIndex(listing(4));
  state.series.value = { status: "ready", value: changedHeads() };
  state.mapColour.value = "role";
  expect(mapMarks().map(({ kind, text }) => [kind, text])).toEqual(
    roleShares.value.map(({ name, heads }) => ["box", `${name} ${heads}`]),
  );
  state.mapColour.value = "when";
  const [scale, still] = mapMarks();
  expect(scale).toMatchObject({ kind: "scale", from: "step 0", to: "30" });
  expect(still).toMatchObject({ kind: "box", text: expect.stringContaining("no change by") });
  state.mapColour.value = "value";
  expect(mapMarks()).toHaveLength(1);
});
