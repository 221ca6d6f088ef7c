/** The view on screen → a menu of the files that it can be saved as. */

import { batch, useSignal, type Signal } from "@preact/signals";

import { runColour } from "../draw/colour";
import { withLegend } from "../draw/figure";
import type { Picture } from "../draw/picture";
import { exported, tables, type Exported } from "../saving/exported";
import { blobOf, csvOf, fileName, saveBlob } from "../saving/save";
import { run, runNumber, theme, type FileFormat } from "../state";
import { exportName } from "./export_name";
import { MenuButton } from "./menu";

export interface ExportMenuProps {
  /** The present record as a file that the server makes; null where there is none. */
  file: ((format: FileFormat) => Promise<Blob>) | null;
}

const pictures = [
  { kind: "png", name: "Picture (PNG, 2×)" },
  { kind: "svg", name: "Picture (SVG)" },
] as const;
/** One and two columns of a page. */
const widths = [85, 170] as const;
const files = [
  { format: "npz", name: "Whole record (NumPy, npz)" },
  { format: "html", name: "Stand-alone page (HTML)" },
] as const;

/** With its legend; the run is named in it. */
function figure(make: () => Exported): Picture {
  const { picture, marks } = make();
  const name = run.peek() ?? "";
  const colour = runColour(runNumber(name), theme.peek());
  const isNamed = marks.some(({ text }) => text === name);
  return withLegend(picture, [
    ...(isNamed ? [] : [{ kind: "box", colour, text: `run ${name}` } as const]),
    ...marks,
  ]);
}

/** As it is on white paper, whatever the screen's theme is. */
function inLight(make: () => Picture): Picture {
  const shown = theme.peek();
  return batch(() => {
    try {
      theme.value = "light";
      return make();
    } finally {
      theme.value = shown;
    }
  });
}

/** Milliseconds that the button says what went wrong. */
const TOLD = 4000;

/** `part`: what of the view, or the format alone. */
async function save(part: string, make: () => Promise<Blob>, said: Signal<string | null>) {
  said.value = "Saving …";
  try {
    const name = exportName();
    saveBlob(await make(), `${name}${part}`);
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
        item(name, `.${kind}`, present && (() => blobOf(kind, figure(present)))),
      ),
      ...widths.map((width) =>
        item(
          `Figure for print, ${width} mm, light`,
          `_${width}mm.svg`,
          present &&
            (() =>
              blobOf(
                "svg",
                inLight(() => figure(present)),
                width,
              )),
        ),
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
