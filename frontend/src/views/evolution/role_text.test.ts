import { beforeEach, expect, it } from "vitest";

import { changedHeads } from "../../../tests/changed_heads";
import { listing } from "../../../tests/fake_api";
import * as state from "../../state";
import { roleText } from "./role_text";

beforeEach(() => {
  state.setIndex(listing(4));
  state.series.value = { status: "ready", value: changedHeads() };
});

it("a head without a role that changed says what it became, from then on", () => {
  state.selectStep(30);
  expect(roleText({ layer: 1, head: 0 })).toMatch(/she→nurse.*\.70/);
  expect(roleText({ layer: 0, head: 0 })).toBe("unclassified");
  state.selectStep(10);
  expect(roleText({ layer: 1, head: 0 })).toBe("unclassified");
});
