/** A room and a number of rows → how high the spectrogram and each row stand, and where the axis has its seconds. */

export interface SoundHeights {
  readonly sound: number;
  readonly pitch: number;
}

const SOUND = { least: 112, most: 560, share: 0.28 };
const MOST_ROW = 200;
/** Of words, so that they are read, and of frames. */
export const LEAST_ROW = { words: 14, frames: 3 };

/** Few rows leave height over: the spectrogram takes it; of many it leaves them what it can, and the rest is scrolled to. */
export function soundHeights(room: number, rows: number, leastRow: number): SoundHeights {
  const wished = Math.min(SOUND.most, SOUND.share * room, room - leastRow * rows);
  const least = Math.round(Math.max(SOUND.least, wished));
  const pitch = Math.max(leastRow, Math.min(MOST_ROW, Math.floor((room - least) / rows)));
  const over = Math.max(0, Math.floor(room - least - pitch * rows));
  return { sound: Math.min(SOUND.most, least + over), pitch };
}

/** At least 60 px apart. */
export function secondTicks(seconds: number, width: number): number[] {
  const least = (60 / width) * seconds;
  const by = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30].find((each) => each >= least) ?? 60;
  return Array.from({ length: Math.floor(seconds / by) + 1 }, (_, at) => at * by);
}
