/** Rows with their stretches of time → a table of words, and subtitles. */

import type { Table } from "../../text/csv";
import type { SoundScene } from "./sound_scene";

interface Timed {
  readonly row: number;
  readonly start: number;
  readonly end: number;
}

function timedRows({ path, span }: SoundScene): Timed[] {
  const secondsAt = (frame: number): number => frame * span.seconds + (span.offset ?? 0);
  return (path ?? []).flatMap((stretch, row) =>
    stretch === null ? [] : [{ row, start: secondsAt(stretch[0]), end: secondsAt(stretch[1]) }],
  );
}

/** When each token is spoken. */
export function timesTable(scene: SoundScene): Table {
  const { queries, names } = scene;
  return {
    columns: ["position", "word", "start", "end"],
    rows: timedRows(scene).map(({ row, start, end }) => [queries[row]!, names[row]!, start, end]),
  };
}

/** 00:00:05,710 */
export function subtitleTime(seconds: number): string {
  const whole = Math.round(1000 * seconds);
  const parts = [3_600_000, 60_000, 1000].map((size, at) =>
    String(Math.floor(whole / size) % (at === 0 ? Infinity : 60)).padStart(2, "0"),
  );
  return `${parts.join(":")},${String(whole % 1000).padStart(3, "0")}`;
}

/** SubRip: one line a word, its pieces joined; a blank line would end a line early, so none is in one. */
export function subtitles(scene: SoundScene): string {
  const words: { text: string; word: number | null; start: number; end: number }[] = [];
  for (const { row, start, end } of timedRows(scene)) {
    const [text, word] = [scene.names[row]!, scene.words[row] ?? null];
    const last = words.at(-1);
    if (last !== undefined && word !== null && last.word === word) {
      last.text += text;
      last.end = end;
    } else words.push({ text, word, start, end });
  }
  return words
    .map(({ text, start, end }, at) => {
      const times = `${subtitleTime(start)} --> ${subtitleTime(end)}`;
      return `${at + 1}\n${times}\n${text.replace(/\s+/g, " ")}\n`;
    })
    .join("\n");
}
