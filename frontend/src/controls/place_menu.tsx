/** Run and probe in the step bar; where the left pane is folded away, the menu to choose them from. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import {
  FOLD_WIDTH,
  frameWidth,
  index,
  compareNames,
  run,
  runs,
  selectPlace,
  tag,
  visibleRuns,
} from "../state";
import { DownIcon } from "./icons";
import { RunDot } from "./run_list";

function Place() {
  return (
    <>
      {run.value !== null && <RunDot name={run.value} />}
      <span class="place-names">
        <bdi>{run.value}</bdi>
        <span class="place-slash"> / </span>
        <bdi>{tag.value}</bdi>
      </span>
    </>
  );
}

interface Option {
  run: string;
  tag: string;
}

function options(): Option[] {
  return runs.value
    .filter((name) => visibleRuns.value.has(name))
    .flatMap((name) =>
      Object.keys(index.value?.[name] ?? {})
        .sort(compareNames)
        .map((each) => ({ run: name, tag: each })),
    );
}

/** Arrow keys go round the items. */
export function moveFocus(menu: HTMLElement, event: KeyboardEvent): void {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by === undefined) return;
  event.preventDefault();
  const items = [...menu.querySelectorAll<HTMLElement>("[role^=menuitem]:enabled")];
  const at = items.indexOf(document.activeElement as HTMLElement);
  items[(at + by + items.length) % items.length]?.focus();
}

function Menu({ close }: { close: () => void }) {
  const menu = useRef<HTMLDivElement>(null);
  useEffect(() => menu.current?.querySelector<HTMLElement>("[aria-checked=true]")?.focus(), []);
  return (
    <div
      ref={menu}
      class="place-menu"
      role="menu"
      aria-label="Run and probe"
      onKeyDown={(event) => {
        if (event.key === "Escape") close();
        else moveFocus(event.currentTarget, event);
      }}
    >
      {options().map((option) => (
        <button
          key={`${option.run}\n${option.tag}`}
          type="button"
          role="menuitemradio"
          aria-checked={option.run === run.value && option.tag === tag.value}
          title={`${option.run} / ${option.tag}`}
          onClick={() => {
            selectPlace(option.run, option.tag);
            close();
          }}
        >
          <RunDot name={option.run} />
          <span class="place-names">
            <bdi>{option.run}</bdi>
            <span class="place-slash"> / </span>
            <bdi>{option.tag}</bdi>
          </span>
        </button>
      ))}
    </div>
  );
}

export function PlaceMenu() {
  const open = useSignal(false);
  const whole = useRef<HTMLDivElement>(null);
  const close = (): void => {
    open.value = false;
    whole.current?.querySelector<HTMLElement>(".place")?.focus();
  };
  useEffect(() => {
    const outside = (event: Event): void => {
      if (!whole.current?.contains(event.target as Node)) open.value = false;
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [open]);
  const title = `${run.value ?? ""} / ${tag.value ?? ""}`;
  if (frameWidth.value >= FOLD_WIDTH)
    return (
      <div class="place" title={title}>
        <Place />
      </div>
    );
  return (
    <div class="place-whole" ref={whole}>
      <button
        type="button"
        class="place"
        title={title}
        aria-haspopup="menu"
        aria-expanded={open.value}
        onClick={() => (open.value = !open.value)}
      >
        <Place />
        <DownIcon />
      </button>
      {open.value && <Menu close={close} />}
    </div>
  );
}
