/** A grid layout → its head numbers, layer numbers and group headings; they stay in view while the grid scrolls. */

import { headsInOrder, type GridLayout } from "../../draw/grid";

export interface ColumnLabelsProps {
  readonly layout: GridLayout;
  /** Instead of head numbers, when every layer has its own order. */
  readonly caption: string | null;
  readonly hasMean: boolean;
  readonly meanName: string;
}

export function ColumnLabels({ layout, caption, hasMean, meanName }: ColumnLabelsProps) {
  const centre = (x: number) => ({ left: x, width: layout.cell.width });
  return (
    <div class="grid-columns" style={{ width: layout.width }} aria-hidden="true">
      {caption === null ? (
        headsInOrder(layout.columns).map((head) => (
          <span key={head} class="grid-number" style={centre(head * layout.pitchX)}>
            {head}
          </span>
        ))
      ) : (
        <span class="grid-caption">{caption}</span>
      )}
      {hasMean && layout.meanX !== null && (
        <span class="grid-number" style={centre(layout.meanX)}>
          {meanName}
        </span>
      )}
    </div>
  );
}

export function LayerLabels({ layout }: { readonly layout: GridLayout }) {
  return (
    <div class="grid-layers" style={{ height: layout.height }} aria-hidden="true">
      {layout.headings.map(({ text, top }) => (
        <span key={text} class="grid-heading" style={{ top }}>
          {text}
        </span>
      ))}
      {layout.rows.map(({ layer, number, top }) => (
        <span key={layer} class="grid-layer" style={{ top, height: layout.cell.height }}>
          {number ?? layer}
        </span>
      ))}
    </div>
  );
}
