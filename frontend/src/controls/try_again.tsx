/** Something that could not be had → why, and a button that asks for it once more. */

import { tryAgain, type ApiError } from "../state";
import { sentence } from "../text/sentence";

export function TryAgain({ error }: { readonly error: ApiError }) {
  return (
    <>
      <p>{sentence(error.message)}</p>
      <button type="button" class="button" onClick={tryAgain}>
        Try again
      </button>
    </>
  );
}
