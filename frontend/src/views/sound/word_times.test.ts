import { expect, it } from "vitest";

import { toCsv } from "../../text/csv";
import type { SoundScene } from "./sound_scene";
import { subtitles, subtitleTime, timesTable } from "./word_times";

const scene = {
  span: { seconds: 0.02, offset: 1 },
  queries: [2, 3, 4, 5],
  names: ["<s>", "Americ", "ans", "ask"],
  words: [null, 0, 0, 1],
  path: [null, [0, 10], [10, 15], [15, 40]],
} as unknown as SoundScene;

it.each([
  [0, "00:00:00,000"],
  [5.71, "00:00:05,710"],
  [59.9996, "00:01:00,000"],
  [3725.5, "01:02:05,500"],
])("%d s is %s in subtitles", (seconds, text) => {
  expect(subtitleTime(seconds)).toBe(text);
});

it("subtitles join the pieces of a word and leave out what is spoken at no time", () => {
  expect(subtitles(scene)).toBe(
    "1\n00:00:01,000 --> 00:00:01,300\nAmericans\n\n2\n00:00:01,300 --> 00:00:01,800\nask\n",
  );
});

it("the table has a line a token, with its position", () => {
  expect(toCsv(timesTable(scene)).join("").split("\r\n")).toEqual([
    "position,word,start,end",
    ...["3,Americ,1,1.2", "4,ans,1.2,1.3", "5,ask,1.3,1.8", ""],
  ]);
});
