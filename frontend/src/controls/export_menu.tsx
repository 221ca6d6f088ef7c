/** The view on screen → a menu of the files that it can be saved as. */

import { useSignal, type Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { exported } from "../exported";
import { blobOf, fileName, type Kind, saveBlob } from "../save";
import { run, step, tag, view } from "../state";
import { moveFocus } from "./place_menu";

export interface ExportMenuProps {
  /** null where the page is such a file already. */
  html: (() => Promise<Blob>) | null;
}

const kinds: readonly { kind: Kind; name: string }[] = [
  { kind: "png", name: "Picture (PNG, 2×)" },
  { kind: "svg", name: "Picture (SVG)" },
  { kind: "csv", name: "Numbers (CSV)" },
];

/** Milliseconds that the button says what went wrong. */
const TOLD = 4000;

async function save(ending: string, make: () => Promise<Blob>, said: Signal<string | null>) {
  said.value = "Saving …";
  try {
    const blob = await make();
    const place = [run.value ?? "", tag.value ?? "", step.value ?? "", view.value];
    saveBlob(blob, `${fileName(...place)}.${ending}`);
    said.value = null;
  } catch (error) {
    said.value = `Not saved: ${error instanceof Error ? error.message : String(error)}`;
    setTimeout(() => (said.value = null), TOLD);
  }
}

interface ItemsProps extends ExportMenuProps {
  close: () => void;
  said: Signal<string | null>;
}

function Items({ html, close, said }: ItemsProps) {
  const menu = useRef<HTMLDivElement>(null);
  useEffect(() => menu.current?.querySelector<HTMLElement>("[role=menuitem]:enabled")?.focus(), []);
  const present = exported.value;
  const item = (name: string, ending: string, make: (() => Promise<Blob>) | null) => (
    <button
      key={ending}
      type="button"
      role="menuitem"
      disabled={make === null}
      onClick={() => {
        close();
        if (make !== null) void save(ending, make, said);
      }}
    >
      {name}
    </button>
  );
  return (
    <div
      ref={menu}
      class="place-menu export-menu"
      role="menu"
      aria-label="Export"
      onKeyDown={(event) => {
        if (event.key === "Escape") close();
        else moveFocus(event.currentTarget, event);
      }}
    >
      {kinds.map(({ kind, name }) => item(name, kind, present && (() => blobOf(kind, present()))))}
      {html !== null && item("Stand-alone page (HTML)", "html", html)}
    </div>
  );
}

export function ExportMenu({ html }: ExportMenuProps) {
  const open = useSignal(false);
  const said = useSignal<string | null>(null);
  const whole = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const outside = (event: Event): void => {
      if (!whole.current?.contains(event.target as Node)) open.value = false;
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [open]);
  const close = (): void => {
    open.value = false;
    whole.current?.querySelector("button")?.focus();
  };
  return (
    <div class="export-whole" ref={whole}>
      <button
        type="button"
        class="action"
        aria-haspopup="menu"
        aria-expanded={open.value}
        aria-live="polite"
        onClick={() => (open.value = !open.value)}
      >
        {said.value ?? "Export"}
      </button>
      {open.value && <Items html={html} close={close} said={said} />}
    </div>
  );
}
