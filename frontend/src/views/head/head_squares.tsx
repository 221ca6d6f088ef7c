/** Heads of the layer → coloured squares that show and hide them, with the number on each. */

import { inkOn, headColour, rgbOf } from "../../draw/colour";
import { isolateHead, showAllHeads, shownHeads, theme, toggleHead } from "../../state";

export interface HeadSquaresProps {
  /** Number of each head, as in the model. */
  names: readonly string[];
}

function isShown(head: number): boolean {
  return shownHeads.value?.has(head) ?? true;
}

function HeadSquare({ head, name }: { head: number; name: string }) {
  const colour = headColour(head, theme.value);
  const on = isShown(head);
  const filled = { background: colour, borderColor: colour, color: inkOn(rgbOf(colour)) };
  return (
    <button
      type="button"
      class="head-square"
      aria-label={`Head ${name}`}
      aria-pressed={on}
      title={`Head ${name}: click toggles it, double-click or Shift + Enter isolates it`}
      style={on ? filled : { borderColor: colour }}
      onClick={(event) => {
        if (event.shiftKey) isolateHead(head);
        else toggleHead(head);
      }}
      onDblClick={() => {
        isolateHead(head);
      }}
    >
      {name}
    </button>
  );
}

export function HeadSquares({ names }: HeadSquaresProps) {
  return (
    <div class="head-squares" role="group" aria-label="Heads">
      {names.map((name, head) => (
        <HeadSquare key={head} head={head} name={name} />
      ))}
      <button
        type="button"
        class="head-all"
        disabled={shownHeads.value === null}
        onClick={showAllHeads}
      >
        All
      </button>
    </div>
  );
}
