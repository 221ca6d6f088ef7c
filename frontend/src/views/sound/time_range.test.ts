import { expect, it } from "vitest";

import type { RecordHeader } from "../../decoding/answers";
import { timePattern } from "./time_range";

it("a stretch of time is its frames, counted from where the sound begins among the keys", () => {
  const layers = [{ query_tokens: "decoder_tokens", key_tokens: "sound" }];
  const record = { layers } as unknown as RecordHeader;
  expect(timePattern(record, 0, [1, 2], { start: 3 }, [10, 12])).toEqual({
    query: [1, 2],
    key: [13, 14, 15],
    axes: null,
  });
});
