/** Heads of the layer → coloured squares that show and hide them, with the number on each. */

import { useRef } from "preact/hooks";

import { effectWord, formatEffect, objectiveTitle } from "../../text/effect_words";
import { Meaning } from "../../controls/meaning";
import { metricMeaning } from "../../text/metric_names";
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
  series,
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

/** Heads of a layer up to which each has its number under its square. */
const MOST_NUMBERS = 16;
/** Of the bars up and down together, in CSS pixels. */
const BARS = 26;
/** Emphasised from this part of the largest on. */
const STRONG = 1 / 3;

/** While the next run's are on their way their row stays, so that nothing under it moves. */
export function useKeptEffects(): boolean {
  const had = useRef(false);
  const has = shownEffects.value !== null;
  const isLoading = series.value.status === "loading";
  if (!isLoading) had.current = has;
  return isLoading && had.current && !has;
}

export function hasEffects(count: number): boolean {
  return shownEffects.value !== null && count <= MOST_NUMBERS && shownMode.value !== "image";
}

/** How much the head changes, of what the one changes that changes most: up more, down less. */
function EffectBar({ value }: HeadEffect) {
  const { heads, largest } = shownEffects.value!;
  const values = heads.map((each) => each.value);
  const [up, down] = [Math.max(0, ...values), Math.max(0, ...values.map((each) => -each))];
  const scale = BARS / (up + down || 1);
  const height = Math.max(1, Math.abs(value) * scale);
  const top = value < 0 ? up * scale : up * scale - height;
  const isStrong = Math.abs(value) >= STRONG * largest;
  return (
    <span class="square-effects" aria-hidden="true">
      <i class="square-axis" style={{ top: up * scale }} />
      <i class={value < 0 ? "square-effect is-less" : "square-effect"} style={{ height, top }} />
      <span class={isStrong ? "square-number is-strong" : "square-number"}>
        {formatEffect(value)}
      </span>
    </span>
  );
}

const howWorkedOut = (): string =>
  shownEffects.value?.name === "ablation" ? "with the head − off" : "as its gate’s slope";

/** What the bars are, in one line. */
export function effectsTitle(): string {
  return `effect on ${objectiveTitle(objective.value)}, ${howWorkedOut()}`;
}

/** The same beside them. */
export function EffectsName({ count }: { readonly count: number }) {
  if (!hasEffects(count)) return null;
  return (
    <p
      class="effects-name"
      title={`${shownEffects.value!.name} on ${objectiveTitle(objective.value)}`}
    >
      <b>effect on {objectiveTitle(objective.value)}</b>
      <span>
        {howWorkedOut()}
        <Meaning
          of={shownEffects.value!.name}
          text={`${metricMeaning(shownEffects.value!.name)}.`}
        />
      </span>
    </p>
  );
}

interface HeadSquareProps {
  readonly head: number;
  readonly name: string;
  readonly hasNumbers: boolean;
}

function HeadSquare({ head, name, hasNumbers }: HeadSquareProps) {
  const colour = headColour(head, theme.value);
  const on = isShown(head);
  const effect = effectOf(layer.value, head);
  const said = effect === null ? "" : ` · ${effectSaid(effect)}`;
  const filled = { background: colour, borderColor: colour, color: inkOn(rgbOf(colour)) };
  return (
    <button
      type="button"
      class={on ? "head-square" : "head-square is-off"}
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
      {effect !== null && hasNumbers && <EffectBar {...effect} />}
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
  const hasNumbers = hasEffects(names.length);
  const of = hasNumbers ? "head-squares has-effects" : "head-squares";
  return (
    <div class={of} role="group" aria-label="Heads">
      {names.map((name, head) => (
        <HeadSquare key={head} {...{ head, name, hasNumbers }} />
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
