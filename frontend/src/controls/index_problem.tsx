/** The listing could not be had → why, and once more. */

import type { ApiError } from "../state";
import { sentence } from "../text/sentence";

export interface IndexProblemProps {
  error: ApiError;
  retry: () => void;
}

export function IndexProblem({ error, retry }: IndexProblemProps) {
  return (
    <div class="message-page" role="alert">
      <h1>The logged attention cannot be listed</h1>
      <p class="lead">{sentence(error.message)}</p>
      <button type="button" class="button" onClick={retry}>
        Try again
      </button>
    </div>
  );
}
