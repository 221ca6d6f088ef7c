/** A room and a number of rows → how high the spectrogram and each row stand. */

export interface SoundHeights {
  readonly sound: number;
  readonly pitch: number;
}

const SOUND = { least: 112, most: 560, share: 0.28 };
const ROW = { least: 3, most: 200 };

/** Few rows leave height over: the spectrogram takes it. */
export function soundHeights(room: number, rows: number): SoundHeights {
  const least = Math.round(Math.min(SOUND.most, Math.max(SOUND.least, SOUND.share * room)));
  const pitch = Math.max(ROW.least, Math.min(ROW.most, Math.floor((room - least) / rows)));
  const over = Math.max(0, Math.floor(room - least - pitch * rows));
  return { sound: Math.min(SOUND.most, least + over), pitch };
}
