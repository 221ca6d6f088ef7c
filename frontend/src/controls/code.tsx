/** Lines of Python → a block of code with a button that copies it. */

import { CopyButton } from "./copy_button";
import { highlight } from "./snippets";

export function Code({ code }: { code: string }) {
  return (
    <div class="code">
      <pre>
        <code>
          {highlight(code).map(({ kind, text }, i) => (
            <span key={i} class={kind}>
              {text}
            </span>
          ))}
        </code>
      </pre>
      <CopyButton name="Copy" text={() => code} />
    </div>
  );
}
