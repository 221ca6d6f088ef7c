/** What a head changes of an objective → its number and a word: "−.31, helps". */

import { formatDifference } from "./format_number";

/** Two digits of what is small. */
export function formatEffect(value: number): string {
  const size = Math.abs(value);
  return formatDifference(value, size >= 0.1 || size === 0 ? 2 : size >= 0.01 ? 3 : 4);
}

/** The head with its sign: of a loss, below zero helps; of anything else it raises or lowers it. */
export function effectWord(objective: string, value: number, noise: number): string {
  if (!Number.isFinite(value)) return "";
  if (Math.abs(value) <= noise) return "within noise";
  if (objective === "loss") return value < 0 ? "helps" : "hurts";
  return value > 0 ? "raises it" : "lowers it";
}

/** As a title has it: "the loss", "she minus he". */
export function objectiveTitle(objective: string): string {
  return objective === "loss" || objective === "objective" ? `the ${objective}` : objective;
}
