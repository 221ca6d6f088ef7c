/** The view on screen → a menu of the files that it can be saved as. */

import { useSignal, type Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { exported, tables } from "../saving/exported";
import type { FileFormat } from "../fetching/file_request";
import { blobOf, csvOf, fileName, saveBlob } from "../saving/save";
import { run, step, tag, view } from "../state";
import { moveFocus } from "./place_menu";

export interface ExportMenuProps {
  /** The present record as a file that the server makes; null where there is none. */
  file: ((format: FileFormat) => Promise<Blob>) | null;
}

const pictures = [
  { kind: "png", name: "Picture (PNG, 2×)" },
  { kind: "svg", name: "Picture (SVG)" },
] as const;
const files = [
  { format: "npz", name: "Whole record (NumPy, npz)" },
  { format: "html", name: "Stand-alone page (HTML)" },
] as const;

/** Milliseconds that the button says what went wrong. */
const TOLD = 4000;

/** `part`: what of the view, or the format alone. */
async function save(part: string, make: () => Promise<Blob>, said: Signal<string | null>) {
  said.value = "Saving …";
  try {
    const blob = await make();
    const place = [run.value ?? "", tag.value ?? "", step.value ?? "", view.value];
    saveBlob(blob, `${fileName(...place)}${part}`);
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

function Items({ file, close, said }: ItemsProps) {
  const menu = useRef<HTMLDivElement>(null);
  useEffect(() => menu.current?.querySelector<HTMLElement>("[role=menuitem]:enabled")?.focus(), []);
  const present = exported.value;
  const item = (name: string, part: string, make: (() => Promise<Blob>) | null) => (
    <button
      key={name}
      type="button"
      role="menuitem"
      disabled={make === null}
      onClick={() => {
        close();
        if (make !== null) void save(part, make, said);
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
      {pictures.map(({ kind, name }) =>
        item(name, `.${kind}`, present && (() => blobOf(kind, present().picture))),
      )}
      {item("Numbers (CSV)", ".csv", present && (() => csvOf(present().table)))}
      {[...tables.value].map(([name, make]) =>
        item(`${name} (CSV)`, `_${fileName(name.toLowerCase())}.csv`, () => csvOf(make())),
      )}
      {file !== null &&
        files.map(({ format, name }) => item(name, `.${format}`, () => file(format)))}
    </div>
  );
}

export function ExportMenu({ file }: ExportMenuProps) {
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
      {open.value && <Items file={file} close={close} said={said} />}
    </div>
  );
}
