/** The plan of src/: which room may import from which, and in what order the folders inside a room stand. */

/** Lowest first. A room is a folder of src/, or a file that lies loose in it; imports of types count too. */
export const rooms = {
  decoding: [],
  text: ["decoding"],
  draw: ["decoding"],
  fetching: ["decoding", "text"],
  saving: ["draw", "text"],
  state: ["decoding", "text"],
  loading: ["decoding", "fetching", "state"],
  page: ["state"],
  controls: ["draw", "saving", "state", "text"],
  parts: ["controls", "decoding", "draw", "state", "text"],
  views: ["controls", "decoding", "draw", "parts", "saving", "state", "text"],
  app: ["controls", "state", "views"],
  index: ["app", "draw", "fetching", "loading", "page", "state", "views"],
};

/** Folders of a room, and the ones beside them that they may import from. */
export const folders = {
  parts: {
    chart: [],
    heads_grid: [],
    token_lines: [],
    token_matrix: ["token_lines"],
    picture_map: [],
  },
  views: {
    matrix: [],
    image: [],
    sound: [],
    head: ["matrix", "image"],
    neuron: ["head"],
    compare: ["head", "matrix"],
    model: ["image"],
    evolution: ["model"],
    find: [],
    health: [],
    first: [],
  },
};

/** Libraries that a room does without, as what it does has no need of a page. */
export const withoutLibraries = {
  decoding: ["preact", "@preact/signals"],
  text: ["preact", "@preact/signals"],
  draw: ["preact", "@preact/signals"],
  fetching: ["preact", "@preact/signals"],
  state: ["preact"],
};
