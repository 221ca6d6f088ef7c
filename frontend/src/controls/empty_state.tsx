/** Nothing logged → what to write, what was found where, and what will appear. */

import type { ComponentType } from "preact";

import { runOrder } from "../state";
import { Code } from "./code";
import { snippets } from "./snippets";

export interface EmptyStateProps {
  /** null: TensorBoard did not say. */
  logDirectory: string | null;
  /** What will fill the page. */
  pictures: ComponentType;
}

/** What the directory has, and the likeliest mistake. */
function Found({ logDirectory }: Pick<EmptyStateProps, "logDirectory">) {
  const count = runOrder.value.length;
  return (
    <p class="first-found">
      <b>Looking in {logDirectory ?? "the log directory"}</b>
      {count === 0
        ? "no runs yet"
        : `${count} ${count === 1 ? "run" : "runs"}, none with attention`}
      . Logged already? --logdir must be the folder that holds your runs.
    </p>
  );
}

export function EmptyState({ logDirectory, pictures: Pictures }: EmptyStateProps) {
  return (
    <div class="message-page is-first">
      <h1>No attention logged yet</h1>
      <p class="lead">
        Paste one of these where you train and start it as usual. This page fills itself at the next
        reload, while training goes on.
      </p>
      <Found logDirectory={logDirectory} />
      <div class="first-ways">
        {snippets.map(({ name, note, code }) => (
          <div key={name} class="first-way">
            <h2>
              {name} <span>{note}</span>
            </h2>
            <Code code={code} />
          </div>
        ))}
      </div>
      <Pictures />
    </div>
  );
}
