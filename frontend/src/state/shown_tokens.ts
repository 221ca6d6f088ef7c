/** Tokens of a record → the texts that views show: without their markers, or as they were logged. */

import { rawTokens } from ".";
import { displayTokens, visibleText } from "../text/tokens";

export function shownTokens(tokens: readonly string[]): string[] {
  return rawTokens.value ? tokens.map(visibleText) : displayTokens(tokens);
}
