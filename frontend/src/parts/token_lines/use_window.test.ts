import { describe, expect, test } from "vitest";
import { rowsInWindow } from "./use_window";

describe("use_window", () => {
  test("only rows in view, and some to spare, are kept", () => {
    const seen = { top: 3200, width: 100, height: 640 };
    expect(rowsInWindow(seen, 32, 512)).toEqual({ first: 96, end: 124 });
  });

  test("a short list is kept whole, and one scrolled past its end does not go below it", () => {
    expect(rowsInWindow({ top: 0, width: 0, height: 640 }, 32, 3)).toEqual({ first: 0, end: 3 });
    expect(rowsInWindow({ top: 9999, width: 0, height: 64 }, 32, 3)).toEqual({ first: 3, end: 3 });
  });
});
