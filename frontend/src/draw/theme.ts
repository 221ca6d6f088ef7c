/** The one table of colours: name and theme → colour, for the canvas as text and for styles as custom properties. */

export type Theme = "light" | "dark";

/** In light, in dark; a style has it as `var(--name)`. */
const table = {
  background: ["#ffffff", "#303030"],
  hover: ["#f5f6f7", "#3a3a3a"],
  text: ["#212121", "#ffffff"],
  second: ["#616161", "#c1c1c1"],
  quiet: ["#707070", "#a8a8a8"],
  border: ["#d6d6d6", "#5c5c5c"],
  hairline: ["#ebebeb", "#444444"],
  track: ["#ebebeb", "#4a4a4a"],
  accent: ["#f57c00", "#ef6c00"],
  "on-accent": ["#000000", "#000000"],
  link: ["#1565c0", "#64b5f6"],
  error: ["#c62828", "#ff8a65"],
  checked: ["#e0e0e0", "#212121"],
  "checked-text": ["#212121", "#ffffff"],
  pressed: ["#e0e0e0", "#212121"],
  "code-background": ["#f3f5f7", "#262626"],
  "code-keyword": ["#1565c0", "#64b5f6"],
  "code-string": ["#8f4a00", "#ffc46b"],
  bar: ["#3f8bc7", "#5ea5dd"],
  shade: ["rgb(0 0 0 / 25%)", "rgb(0 0 0 / 60%)"],
  curtain: ["rgb(0 0 0 / 30%)", "rgb(0 0 0 / 30%)"],
  /** The step under the pointer, and lines that neither gained nor lost. */
  pointer: ["#9e9e9e", "#8a8a8a"],
  /** On any picture, and what parts it from what is bright. */
  "on-picture": ["#ffffff", "#ffffff"],
  "around-mark": ["rgb(0 0 0 / 65%)", "rgb(0 0 0 / 65%)"],
  "patch-line": ["rgb(255 255 255 / 28%)", "rgb(255 255 255 / 28%)"],
  /** Of a head that is made of several: no hue, as no head has. */
  summary: ["#4d4d4d", "#d0d0d0"],
  /** Weights at B more, or less, than at A: numbers, bars and lines. */
  gained: ["#1c5fa8", "#72b1ec"],
  lost: ["#a84315", "#e8925f"],
  "gained-bar": ["#2f7ebc", "#5b9fd3"],
  "lost-bar": ["#d9763f", "#cf6a34"],
  "gained-line": ["#1c5fa8", "#8fc1ee"],
  "lost-line": ["#b3532a", "#e0885c"],
} as const;

export type ColourName = keyof typeof table;
type ByTheme = Readonly<Record<Theme, readonly string[]>>;

/** At √weight 0, ¼, ½, ¾, 1. */
export const weightStops: ByTheme = {
  light: ["#f3f5f7", "#cfe2f2", "#86b9de", "#2f7ebc", "#08306b"],
  dark: ["#3a3a3a", "#33536f", "#2f77b0", "#6db3ea", "#eaf6ff"],
};

/** At signed √difference −1, −½, 0, ½, 1. */
export const differenceStops: ByTheme = {
  light: ["#8f2d04", "#e08550", "#f3f5f7", "#5b9fd3", "#08407f"],
  dark: ["#ffc19e", "#cf6a34", "#3a3a3a", "#3f8aca", "#bfe1ff"],
};

/** Found by search for the largest smallest OKLab distance, colour-blind sight included; taken in order. */
export const headPalette: ByTheme = {
  light: (
    "#327cbb #741f06 #b88c10 #520b88 #a44d4f #423ecb #4ea387 #8a2a5c " +
    "#af71fc #654897 #8e90c5 #7c4c0d #bc5b26 #a15d8c #631958 #7455ec"
  ).split(" "),
  dark: (
    "#58b4fc #e4fa4a #bd6412 #90f8ec #4970ef #afc16a #986b90 #d68aad " +
    "#7fd5ff #bde1a0 #e57e08 #8e7bcb #07a670 #d7d511 #edabbc #2798fe"
  ).split(" "),
};

/** TensorBoard's own run colours. */
export const runPalette: ByTheme = {
  light: "#425066 #12b5cb #e52592 #f9ab00 #9334e6 #7cb342 #e8710a".split(" "),
  dark: "#8e98a3 #12b5cb #e52592 #f9ab00 #9334e6 #7cb342 #e8710a".split(" "),
};

/** What can be read on any cell, one or the other. */
export const inks = { black: "#000000", white: "#ffffff" } as const;

export function colourOf(name: ColourName, theme: Theme): string {
  return table[name][theme === "light" ? 0 : 1];
}

function propertiesOf(theme: Theme): string {
  const names = Object.keys(table) as ColourName[];
  const properties = [
    ["color-scheme", theme],
    ...names.map((name) => [`--${name}`, colourOf(name, theme)]),
    ...weightStops[theme].map((stop, at) => [`--weight-${at}`, stop]),
    ["--weights", weightStops[theme].join(", ")],
    ["--differences", differenceStops[theme].join(", ")],
    ["--first-run", runPalette[theme][0]!],
  ];
  return properties.map(([name, value]) => `${name}: ${value};`).join(" ");
}

/** The style sheet that gives every colour its custom property, by the theme of the document. */
export function themeStyles(): string {
  return `:root { ${propertiesOf("light")} } :root[data-theme="dark"] { ${propertiesOf("dark")} }\n`;
}
