/** Heads of the layer → coloured squares that show and hide them, with the number on each. */

import { effectWord, formatEffect, objectiveTitle } from "../../text/effect_words";
import { inkOn, headColour, rgbOf } from "../../draw/colour";
import {
  head as selectedHead,
  headSummary,
  isolateHead,
  layer,
  loadedHeads,
  selectHead,
  showAllHeads,
  shownHeads,
  shownMode,
  theme,
  toggleHead,
  effectOf,
  type HeadEffect,
  objective,
  shownEffects,
} from "../../state";

export interface HeadSquaresProps {
  /** Number of each head, as in the model. */
  names: readonly string[];
}

/** A long text has one head at a time. */
const isAlone = (): boolean => loadedHeads.value === "one" || loadedHeads.value === "long";

function isShown(head: number): boolean {
  if (isAlone()) return selectedHead.value === head;
  return shownHeads.value?.has(head) ?? true;
}

function effectSaid({ value, noise }: HeadEffect): string {
  const word = effectWord(objective.value, value, noise);
  return `${shownEffects.value!.name} on ${objectiveTitle(objective.value)} ${formatEffect(value)}, ${word}`;
}

/** How much the head changes, of what the one changes that changes most. */
function EffectBar({ value }: HeadEffect) {
  const share = Math.abs(value) / (shownEffects.value?.largest || 1);
  return (
    <i
      class={value < 0 ? "square-effect is-less" : "square-effect"}
      style={{ width: `${(100 * share).toFixed(1)}%` }}
    />
  );
}

function HeadSquare({ head, name }: { head: number; name: string }) {
  const colour = headColour(head, theme.value);
  const on = isShown(head);
  const effect = effectOf(layer.value, head);
  const said = effect === null ? "" : ` · ${effectSaid(effect)}`;
  const filled = { background: colour, borderColor: colour, color: inkOn(rgbOf(colour)) };
  return (
    <button
      type="button"
      class="head-square"
      aria-label={`Head ${name}`}
      aria-pressed={on}
      title={`Head ${name}${said}: click toggles it, double-click or Shift + Enter isolates it`}
      style={on ? filled : { borderColor: colour }}
      onClick={(event) => {
        if (isAlone()) selectHead(layer.value, head);
        else if (event.shiftKey) isolateHead(head);
        else toggleHead(head);
      }}
      onDblClick={() => {
        if (!isAlone()) isolateHead(head);
      }}
    >
      {name}
      {effect !== null && <EffectBar {...effect} />}
    </button>
  );
}

const summaries = ["mean", "max"] as const;

/** Pressed, the shown heads are drawn as one; pressed again, each by itself. */
function SummaryButton({ summary }: { summary: "mean" | "max" }) {
  const on = headSummary.value === summary;
  return (
    <button
      type="button"
      class="head-all"
      aria-pressed={on}
      title={`${summary === "mean" ? "Mean" : "Maximum"} over the shown heads, as one head`}
      onClick={() => {
        headSummary.value = on ? "none" : summary;
      }}
    >
      {summary === "mean" ? "Mean" : "Max"}
    </button>
  );
}

export function HeadSquares({ names }: HeadSquaresProps) {
  return (
    <div class="head-squares" role="group" aria-label="Heads">
      {names.map((name, head) => (
        <HeadSquare key={head} head={head} name={name} />
      ))}
      {!isAlone() && (
        <>
          <button
            type="button"
            class="head-all"
            disabled={shownHeads.value === null}
            onClick={showAllHeads}
          >
            All
          </button>
          {names.length > 1 &&
            shownMode.value !== "image" &&
            summaries.map((each) => <SummaryButton key={each} summary={each} />)}
        </>
      )}
    </div>
  );
}
