/** Nothing logged → what to write, what will appear, and the likeliest mistake. */

import { useSignal } from "@preact/signals";

import { Code } from "./code";
import { Segmented } from "./segmented";
import { snippets } from "./snippets";

export interface EmptyStateProps {
  /** null: TensorBoard did not say. */
  logDirectory: string | null;
  promises: readonly { name: string; promise: string }[];
}

export function EmptyState({ logDirectory, promises }: EmptyStateProps) {
  const shown = useSignal(snippets[0]!.name);
  const { code } = snippets.find(({ name }) => name === shown.value)!;
  return (
    <div class="message-page">
      <h1>No attention logged yet</h1>
      <p class="lead">
        Nothing under {logDirectory ?? "the log directory"} holds attention. Add three lines where
        you evaluate the model; this page fills itself at the next reload, while training goes on.
      </p>
      <Segmented
        label="Way to log"
        hideLabel
        value={shown.value}
        choices={snippets.map(({ name }) => ({ value: name, name }))}
        onChange={(name) => (shown.value = name)}
      />
      <Code code={code} />
      <h2>What you will see here</h2>
      <dl>
        {promises.map(({ name, promise }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{promise}</dd>
          </div>
        ))}
      </dl>
      <p class="hint">
        Logged already? Check that --logdir points at the folder that holds your runs.
      </p>
    </div>
  );
}
