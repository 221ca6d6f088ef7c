/** The name of a part of the second file → a component that stands in for it until the file is there. */

import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";

type Parts = typeof import("./on_demand");

const parts = signal<Parts | null>(null);
const hasFailed = signal(false);
let isAsked = false;

function begin(found: Parts): void {
  const style = document.createElement("style");
  style.textContent = found.styles;
  document.head.append(style);
  parts.value = found;
}

/** Fetch the file, so that it is there when a part of it is asked for. */
export function fetchParts(): void {
  if (isAsked) return;
  isAsked = true;
  hasFailed.value = false;
  import("./on_demand").then(begin, () => {
    isAsked = false;
    hasFailed.value = true;
  });
}

/** `isSilent`: of a part that stands beside others, nothing stands in for it. */
export function later<Props extends object>(
  pick: (parts: Parts) => ComponentType<Props>,
  { isSilent = false } = {},
): ComponentType<Props> {
  return function Later(props: Props) {
    useEffect(fetchParts, []);
    if (parts.value !== null) {
      const Part = pick(parts.value);
      return <Part {...props} />;
    }
    if (isSilent) return null;
    if (!hasFailed.value) return <p class="loading">Loading …</p>;
    return (
      <p class="loading" role="alert">
        The code of this part could not be fetched. After an update of the package reload the page.{" "}
        <button type="button" class="link" onClick={fetchParts}>
          Try again
        </button>
      </p>
    );
  };
}
