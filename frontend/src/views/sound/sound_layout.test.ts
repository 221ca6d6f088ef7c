import { expect, it } from "vitest";

import { LEAST_ROW, soundHeights } from "./sound_layout";

it.each([
  [600, 4, "a laptop"],
  [1100, 4, "a high screen"],
  [500, 25, "many words"],
  [1000, 1, "one word"],
])("%d px with %d rows are filled: %s", (room, rows) => {
  const { sound, pitch } = soundHeights(room, rows, LEAST_ROW.words);
  expect(sound + pitch * rows).toBeLessThanOrEqual(room);
  expect(sound + pitch * rows).toBeGreaterThan(0.7 * room);
});

it("rows stay to be seen, and the rest is scrolled to", () => {
  expect(soundHeights(300, 1500, LEAST_ROW.frames)).toEqual({ sound: 112, pitch: 3 });
  expect(soundHeights(600, 100, LEAST_ROW.words)).toEqual({ sound: 112, pitch: 14 });
  expect(soundHeights(0, 4, LEAST_ROW.words)).toEqual({ sound: 112, pitch: 14 });
});
