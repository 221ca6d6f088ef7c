/** Compare, find a head, hints: the toolbar's switches, each pressed while what it opens is open. */

import {
  health,
  hintCount,
  isComparing,
  toggleCompare,
  togglePanel,
  toolPanel,
  type ToolPanel,
} from "../state";

interface SwitchProps {
  readonly name: string;
  readonly pressed: boolean;
  readonly onClick: () => void;
  readonly controls?: string;
  readonly class?: string;
}

function Switch({ name, pressed, onClick, controls, class: look = "" }: SwitchProps) {
  return (
    <button
      type="button"
      class={`action switch ${look}`}
      aria-pressed={pressed}
      aria-controls={pressed ? controls : undefined}
      onClick={onClick}
    >
      {name}
    </button>
  );
}

/** How many there are; the limits are behind it in any case. */
function HintSwitch() {
  const hints = health.value?.hints ?? [];
  const faults = hints.filter(({ severity }) => severity === "error").length;
  return (
    <Switch
      name={health.value === null ? "Hints" : hintCount(hints)}
      class={faults > 0 ? "has-hints is-fault" : hints.length > 0 ? "has-hints" : ""}
      pressed={toolPanel.value === "health"}
      controls="attn-panel"
      onClick={() => togglePanel("health")}
    />
  );
}

export function ToolButtons() {
  const open: ToolPanel | null = toolPanel.value;
  return (
    <>
      <HintSwitch />
      <Switch name="Compare" pressed={isComparing.value} onClick={toggleCompare} />
      <Switch
        name="Find head"
        pressed={open === "find"}
        controls="attn-panel"
        onClick={() => togglePanel("find")}
      />
    </>
  );
}
