import { expect, it } from "vitest";

import { spectrogram } from "./spectrogram";

it.each([200, 1000, 4000])(
  "a tone of %i Hz lies in one band, higher for a higher tone",
  (hertz) => {
    const samples = Float32Array.from({ length: 8000 }, (_, at) =>
      Math.sin((2 * Math.PI * hertz * at) / 16000),
    );
    const { values, bands, columns } = spectrogram(samples, 16000, {
      seconds: 1,
      columns: 10,
      bands: 40,
    });
    const loudest = (column: number): number => {
      const own = Array.from({ length: bands }, (_, band) => values[band * columns + column]!);
      return own.indexOf(Math.max(...own));
    };
    const mel = (each: number): number => 2595 * Math.log10(1 + each / 700);
    expect(Math.abs(loudest(2) - (40 * mel(hertz)) / mel(8000))).toBeLessThan(2.5);
    const silent = Array.from({ length: bands }, (_, band) => values[band * columns + 8]!);
    expect(Math.max(...silent)).toBe(0);
  },
);
