/** A theme → the colours of a chart's axes. */

import type { Theme } from "../../draw/colour";
import type { ChartPicture } from "./step_chart";

const colours: Record<Theme, ChartPicture["colours"]> = {
  light: { text: "#616161", grid: "#ebebeb", background: "#ffffff" },
  dark: { text: "#c1c1c1", grid: "#444444", background: "#303030" },
};

export function chartColours(theme: Theme): ChartPicture["colours"] {
  return colours[theme];
}
