/** A record → the words of its probe, and what it has beside words: pictures and sounds. */

import type { RecordHeader } from "../decoding/answers";
import { panelsOf, soundOf, wordsOf } from "../decoding/panels";
import { displayTokens } from "../text/tokens";

/** What is no text: "3.0 s of sound", "6 × 8 patches". */
export function beside(header: RecordHeader): string[] {
  const sound = soundOf(header, "tokens");
  const panels = panelsOf(header, "tokens");
  const [panel] = panels;
  return [
    ...(sound === null ? [] : [`${(sound.length * sound.seconds).toFixed(1)} s of sound`]),
    ...(panel === undefined
      ? []
      : [`${panels.length > 1 ? `${panels.length} × ` : ""}${panel.rows} × ${panel.cols} patches`]),
  ];
}

/** The words: what is said of a sound, what stands beside a picture, else the text. */
export function probeWords(header: RecordHeader): string[] {
  const sound = soundOf(header, "tokens");
  const list = sound !== null && header.tokens.decoder_tokens ? "decoder_tokens" : "tokens";
  const special = new Set(header.special[list]);
  const silent = (at: number): boolean =>
    list === "tokens" && sound !== null && at >= sound.start && at < sound.start + sound.length;
  const own = new Set(header.geometry?.[list] === undefined ? null : wordsOf(header, list));
  return displayTokens(header.tokens[list]!).flatMap((text, i) => {
    const parting = list === "tokens" && i > 0 && i === header.sentence_b_start ? ["|"] : [];
    const isOff = special.has(i) || silent(i) || (own.size > 0 && !own.has(i));
    return isOff ? parting : [...parting, text];
  });
}
