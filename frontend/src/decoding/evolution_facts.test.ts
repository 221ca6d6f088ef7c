import { expect, it } from "vitest";

import { decodeEvolution } from "./evolution_facts";
import type { Answer } from "./unpack";

it("an answer with metrics alone has no evolution", () => {
  expect(decodeEvolution({ fields: {}, arrays: {} } as Answer)).toBeNull();
});
