/** Whether tokens are shown with the markers of their tokenizer → a box for every view that names tokens. */

import { rawTokens } from "../state";
import { Checkbox } from "./checkbox";

export function RawTokens() {
  return (
    <Checkbox
      label="Tokens as logged"
      checked={rawTokens.value}
      onChange={(value) => {
        rawTokens.value = value;
      }}
    />
  );
}
