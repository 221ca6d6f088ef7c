/** The view on screen → a menu of the files that it can be saved as. */

import { useSignal, type Signal } from "@preact/signals";

import { exported, tables } from "../saving/exported";
import { blobOf, csvOf, fileName, saveBlob } from "../saving/save";
import { run, step, tag, view, type FileFormat } from "../state";
import { MenuButton } from "./menu";

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

interface ItemProps {
  name: string;
  /** null: there is nothing to save. */
  onSave: (() => void) | null;
}

function Item({ name, onSave }: ItemProps) {
  return (
    <button type="button" role="menuitem" disabled={onSave === null} onClick={() => onSave?.()}>
      {name}
    </button>
  );
}

const classes = { whole: "export-whole", button: "action", menu: "place-menu export-menu" };

export function ExportMenu({ file }: ExportMenuProps) {
  const said = useSignal<string | null>(null);
  const items = (close: () => void) => {
    const present = exported.value;
    const item = (name: string, part: string, make: (() => Promise<Blob>) | null) => {
      const onSave = (): void => {
        close();
        void save(part, make!, said);
      };
      return <Item key={name} name={name} onSave={make === null ? null : onSave} />;
    };
    return [
      ...pictures.map(({ kind, name }) =>
        item(name, `.${kind}`, present && (() => blobOf(kind, present().picture))),
      ),
      item("Numbers (CSV)", ".csv", present && (() => csvOf(present().table))),
      ...[...tables.value].map(([name, make]) =>
        item(`${name} (CSV)`, `_${fileName(name.toLowerCase())}.csv`, () => csvOf(make())),
      ),
      ...(file === null
        ? []
        : files.map(({ format, name }) => item(name, `.${format}`, () => file(format)))),
    ];
  };
  return (
    <MenuButton {...{ classes, items }} label="Export" content={said.value ?? "Export"} isLive />
  );
}
