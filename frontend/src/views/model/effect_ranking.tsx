/** What each head changes of the objective → the heads by it, with a bar, their own noise and a word. */

import { useSignal } from "@preact/signals";

import { headNumber } from "../../parts/heads_grid/grid_layers";
import { useTable } from "../../saving/exported";
import {
  type HeadEffect,
  head,
  layer,
  objective,
  openBeside,
  shownEffects,
  type ShownEffects,
  tag,
} from "../../state";
import type { Table } from "../../text/csv";
import { effectWord, formatEffect, objectiveTitle } from "../../text/effect_words";
import { layerShort } from "../../text/layer_names";
import { shapes } from "./scene";
import { formatStep } from "../../text/format_number";

/** Rows at first. */
const FIRST = 8;

function tableOf({ name, step, heads }: ShownEffects): Table {
  return {
    columns: ["tag", "step", "objective", "layer", "head", name, "noise"],
    rows: heads.map(({ layer: at, head: number, value, noise }) => [
      ...[tag.value, step, objective.value, at, headNumber(shapes.value[at], number)],
      ...[value, noise],
    ]),
  };
}

function Row({ of, largest }: { readonly of: HeadEffect; readonly largest: number }) {
  const { layer: at, head: number, value, noise } = of;
  const share = largest > 0 ? (50 * Math.abs(value)) / largest : 0;
  const side = value < 0 ? { right: "50%" } : { left: "50%" };
  const isSelected = at === layer.value && number === head.value;
  return (
    <li>
      <button
        type="button"
        class="effect-row"
        aria-current={isSelected ? "true" : undefined}
        data-head={`${at}.${number}`}
        data-value={value}
        onClick={() => openBeside(at, number)}
      >
        <b>
          {layerShort(shapes.value, at)}.{headNumber(shapes.value[at], number)}
        </b>
        <span>
          {formatEffect(value)}
          {Number.isFinite(noise) && <small> ± {formatEffect(noise).slice(1)}</small>}
        </span>
        <span class="effect-bar">
          <i class={value < 0 ? "is-less" : ""} style={{ width: `${share}%`, ...side }} />
        </span>
        <span class="effect-word">{effectWord(objective.value, value, noise)}</span>
      </button>
    </li>
  );
}

export function EffectRanking() {
  const isWhole = useSignal(false);
  const shown = shownEffects.value;
  useTable("Heads by effect", shown === null ? null : () => tableOf(shownEffects.value!));
  if (shown === null) return null;
  const { name, step, heads, largest } = shown;
  const rows = isWhole.value ? heads : heads.slice(0, FIRST);
  const title = `Heads by ${name} on ${objectiveTitle(objective.value)} at step ${formatStep(step)}`;
  const sum = heads.reduce((total, { value }) => total + value, 0);
  return (
    <section class="effects" aria-label={title}>
      <h2>{title}</h2>
      <ol>
        {rows.map((each) => (
          <Row key={`${each.layer}.${each.head}`} of={each} largest={largest} />
        ))}
      </ol>
      {rows.length < heads.length && (
        <button type="button" class="link" onClick={() => (isWhole.value = true)}>
          {heads.length - rows.length} more
        </button>
      )}
      <p class="side-hint">
        With the head minus without
        {objective.value === "loss" && "; below zero it helps"}
        {name === "effect" && ", as the slope ∂objective/∂gate says"}. Sum over all heads{" "}
        {formatEffect(sum)}. ± is the noise of the head’s own history. How much it matters on this
        input says nothing of another.
      </p>
    </section>
  );
}
