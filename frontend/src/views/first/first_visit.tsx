/** The view on screen → how to read its picture, above it, until it is closed for good. */

import { MANY_HEADS } from "../../parts/heads_grid/layout";
import { isComparing, isExplained, knownHeader, shownMode, view } from "../../state";

type Picture =
  "evolution" | "map" | "model" | "compare" | "lines" | "matrix" | "image" | "sound" | "neuron";

const texts: Readonly<Record<Picture, string>> = {
  evolution:
    "A cell is a head: rows are layers, columns heads. Its line is the metric over training; from ▼ on it changed for good. “What happened” lists these changes: a click opens the head’s pattern.",
  map: "A small cell is a head, coloured by what it attends to. Move over the map: the heads under the pointer stand at the right, each with its role. A click opens one.",
  model:
    "A square is a head: each row is a token that looks, each column one that it looks at, and more ink is more weight. A click opens the head at the right, with its words and metrics.",
  compare:
    "B − A: what each head gained (blue) and lost (orange) from A to B. The heads that changed most stand first at the right; a click opens one.",
  lines:
    "A line leads from a token at the left to one that it attends to; its colour is the head, and more ink is more weight. Click a token: its lines alone, and its weights as numbers.",
  matrix:
    "Each row is a token that looks, each column one that it looks at, and more ink is more weight. Point at a cell for its row; a click follows it over training.",
  image:
    "Click a patch of the large picture, or a chip: each small picture is a head and shows where that query looks; more ink is more weight. Below, the chosen head over training.",
  sound:
    "Time runs to the right. Each row is a word, its ink the moments that the head attends to for it; the stepped line is the path of the words through the sound.",
  neuron:
    "How one weight comes about, from left to right: query times key, dimension by dimension, their sum, then softmax over all keys. Click a token; point at a dimension to follow it.",
};

function shownPicture(): Picture {
  if (view.value === "neuron") return "neuron";
  if (view.value === "head") return shownMode.value;
  if (view.value === "model" && isComparing.value) return "compare";
  const heads = (knownHeader.value?.layers ?? []).reduce((sum, layer) => sum + layer.heads, 0);
  if (heads > MANY_HEADS) return "map";
  return view.value;
}

export function FirstVisit() {
  if (!isExplained.value) return null;
  return (
    <aside class="first-visit" aria-label="How to read this picture">
      <p>{texts[shownPicture()]} The slider above moves through training.</p>
      <button type="button" class="link" onClick={() => (isExplained.value = false)}>
        Got it
      </button>
    </aside>
  );
}
