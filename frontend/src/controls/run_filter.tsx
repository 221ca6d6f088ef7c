/** One text, a regular expression → filters the runs, with their curves, and the probes. */

import { filterNames, runFilter } from "../state";
import { filterPattern } from "../text/name_filter";
import { SearchIcon } from "./icons";

export function RunFilter() {
  const wrong = filterPattern(runFilter.value) === null;
  return (
    <label class="run-filter">
      <SearchIcon />
      <input
        type="search"
        placeholder="Filter runs and probes (regex)"
        aria-label="Filter runs and probes (regex)"
        aria-invalid={wrong}
        title={wrong ? "Not a regular expression: looked for as it stands" : ""}
        value={runFilter.value}
        onInput={(event) => filterNames(event.currentTarget.value)}
      />
    </label>
  );
}
