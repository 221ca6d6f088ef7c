/** A paint function and what is in view → pixels on a canvas that holds a window of the grid. */

import { canvasWindow } from "../../draw/canvas_window";
import type { GridLayout, GridRow } from "../../draw/grid";
import { rowsIn, type Target } from "../../draw/heads_picture";
import { makeRaster, type Box, type Raster } from "../../draw/raster";

/** Fills the given rows of the grid; `scale` is device pixels per CSS pixel. */
export interface Paint {
  (
    target: Target,
    layout: GridLayout,
    rows: readonly GridRow[],
    scale: number,
    /** The cells are there already: only what lies below them is painted. */
    areCellsKept?: boolean,
  ): void;
  /** Two paints that have the same one here paint the same cells. */
  readonly cells?: object;
}

export interface GridPicture {
  readonly layout: GridLayout;
  readonly paint: Paint;
  /** What the scrolled frame shows, in CSS pixels of the grid; asked for when all that changes the page is done. */
  readonly view: () => Box;
  readonly scale: number;
}

/** The frame's clock, passed in so that tests can turn it by hand. */
export interface Frames {
  request: (draw: () => void) => number;
  cancel: (id: number) => void;
}

const browserFrames: Frames = {
  request: (draw) => requestAnimationFrame(draw),
  cancel: (id) => cancelAnimationFrame(id),
};

export class CanvasPainter {
  #window: Box | null = null;
  #raster: Raster = makeRaster(0, 0);
  #drawn: Pick<GridPicture, "layout" | "paint" | "scale"> | null = null;
  #frame = 0;

  constructor(
    readonly canvas: HTMLCanvasElement,
    readonly onDrawn: () => void,
    readonly frames: Frames = browserFrames,
  ) {}

  /** Draws what is new at the next frame: the rows in view first, the rest of the window after it. */
  show(picture: GridPicture): void {
    this.stop();
    this.#frame = this.frames.request(() => this.#drawNew(picture));
  }

  stop(): void {
    this.frames.cancel(this.#frame);
  }

  #drawNew(picture: GridPicture): void {
    const view = picture.view();
    const window = canvasWindow(view, picture.layout, this.#window);
    const drawn = this.#drawn;
    const isSame =
      window === this.#window &&
      drawn?.layout === picture.layout &&
      drawn.paint === picture.paint &&
      drawn.scale === picture.scale;
    if (!isSame) this.#drawView(window, view, picture, this.#hasCells(window, picture));
  }

  /** Whether the whole window holds the cells of this picture, from one that differs below them. */
  #hasCells(window: Box, { layout, paint, scale }: GridPicture): boolean {
    const drawn = this.#drawn;
    return (
      window === this.#window &&
      drawn?.layout === layout &&
      drawn.scale === scale &&
      paint.cells !== undefined &&
      drawn.paint.cells === paint.cells
    );
  }

  #drawView(window: Box, view: Box, picture: GridPicture, areCellsKept: boolean): void {
    this.#place(window, picture);
    this.#drawn = null; // until all of the window is drawn
    const inView = rowsIn(picture.layout, view);
    this.#drawRows(picture, inView, areCellsKept);
    const rest = rowsIn(picture.layout, window).filter((row) => !inView.includes(row));
    const finish = (): void => {
      this.#drawRows(picture, rest, areCellsKept);
      this.#drawn = picture;
    };
    if (rest.length === 0) finish();
    else this.#frame = this.frames.request(finish);
    this.onDrawn();
  }

  #place(window: Box, { layout, scale }: GridPicture): void {
    const width = Math.round(window.width * scale);
    const height = Math.round(window.height * scale);
    const isMoved = window !== this.#window || layout !== this.#drawn?.layout;
    if (this.#raster.width !== width || this.#raster.height !== height) {
      this.#raster = makeRaster(width, height);
    } else if (isMoved) this.#raster.pixels.fill(0);
    if (isMoved || this.canvas.width !== width) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    const { style } = this.canvas;
    style.left = `${window.x}px`;
    style.top = `${window.y}px`;
    style.width = `${window.width}px`;
    style.height = `${window.height}px`;
    this.#window = window;
  }

  #drawRows(
    { layout, paint, scale }: GridPicture,
    rows: readonly GridRow[],
    areCellsKept: boolean,
  ): void {
    const first = rows[0];
    const last = rows.at(-1);
    if (first === undefined || last === undefined || this.#raster.pixels.length === 0) return;
    const window = this.#window!;
    paint({ raster: this.#raster, window }, layout, rows, scale, areCellsKept);
    const { width, height, pixels } = this.#raster;
    const image = new ImageData(new Uint8ClampedArray(pixels.buffer), width, height);
    const top = Math.max(0, Math.floor((first.top - window.y) * scale));
    const bottom = Math.ceil((last.top + last.pitch - window.y) * scale);
    this.canvas.getContext("2d")?.putImageData(image, 0, 0, 0, top, width, bottom - top);
  }
}
