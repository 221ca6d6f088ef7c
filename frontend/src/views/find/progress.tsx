/** A search over the steps → how far it is, with a button to stop it or go on; what it left out, and why it failed. */

import { findPattern, findStopped, isSearched, search } from "../../state";
import { sentence } from "../../text/sentence";

export function SearchProgress() {
  const { status, done, total, error, found } = search.value;
  if (!isSearched(findPattern.value)) return null;
  if (status === "error") {
    return (
      <p class="side-fault" role="alert">
        {sentence(error?.message ?? "")}
      </p>
    );
  }
  const isRunning = status === "running";
  return (
    <>
      {(isRunning || status === "stopped") && (
        <div class="find-progress">
          <progress aria-label="Steps searched" max={Math.max(1, total)} value={done} />
          <span>
            {done} of {total} steps
          </span>
          <button type="button" class="link" onClick={() => (findStopped.value = isRunning)}>
            {isRunning ? "Cancel" : "Continue"}
          </button>
        </div>
      )}
      {found.skipped.length > 0 && (
        <p class="side-hint" title={found.skipped.map((each) => each.reason).join("\n")}>
          Left out: {found.skipped.length === 1 ? "step" : "steps"}{" "}
          {found.skipped
            .slice(0, 5)
            .map((each) => each.step)
            .join(", ")}
          {found.skipped.length > 5 && ` and ${found.skipped.length - 5} more`}, cannot be searched.
        </p>
      )}
      {found.tooLarge !== undefined && found.tooLarge.length > 0 && (
        <p class="side-hint">
          Not searched: {found.tooLarge.length === 1 ? "layer" : "layers"}{" "}
          {found.tooLarge.slice(0, 8).join(", ")}
          {found.tooLarge.length > 8 && ` and ${found.tooLarge.length - 8} more`}, whose texts are
          too long for so many queries. Choose fewer.
        </p>
      )}
    </>
  );
}
