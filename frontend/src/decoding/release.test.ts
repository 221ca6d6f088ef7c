import { expect, test } from "vitest";

import { release } from "./release";

test("a released buffer is empty, and so are all views of it", () => {
  const bytes = new Uint8Array([1, 2, 3]);
  release(bytes.buffer);
  expect(bytes.buffer.byteLength).toBe(0);
  expect(bytes).toHaveLength(0);
});
