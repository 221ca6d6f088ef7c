/** How maps over a picture are drawn: settings, apart from what is selected. */

import { signal, type Signal } from "@preact/signals";

export type PictureLook = "dimmed" | "full" | "off";
/** Where a query looks on the image, or which patches look at a key. */
export type MapDirection = "keys" | "queries";

/** Which of several images, tiles or frames. */
export const panelNumber: Signal<number> = signal(0);
export const mapDirection: Signal<MapDirection> = signal("keys");
export const pictureLook: Signal<PictureLook> = signal("dimmed");
export const mapOpacity: Signal<number> = signal(0.9);
export const between: Signal<"nearest" | "smooth"> = signal("nearest");
export const mapScale: Signal<"uniform" | "own"> = signal("uniform");
/** The smallest set of patches that holds this share of the weight on the picture; 0: none. */
export const topShare: Signal<number> = signal(0.6);
/** Draw a line around that set, or it alone. */
export const topLook: Signal<"outline" | "mask"> = signal("outline");
