/** Weights and the places of tokens → pixels of curved lines from queries to keys, one colour per head. */

import type { Rgb } from "./colour";

/** What a line is drawn from; `LayerWeights` is one. */
export interface LineSource {
  readonly queries: number;
  readonly keys: number;
  readRow(head: number, query: number, into: Float32Array, keyStart: number, keyEnd: number): void;
}

export interface LineHead {
  head: number;
  colour: Rgb;
  /** Shift of this head's lines in pixels, so that heads run side by side. */
  offset: number;
}

export interface LinePicture {
  width: number;
  height: number;
  /** Height of each token's middle in pixels; NaN draws nothing for that token. */
  queryY: Float32Array;
  keyY: Float32Array;
  heads: readonly LineHead[];
  /** Weights below it are not drawn. */
  threshold: number;
  /** Optical density of a line of weight 1; below 1/255 in one line is not lost, densities add up. */
  gain: number;
  /** Line width in pixels is max(1, base + perWeight × weight). */
  width0: number;
  widthPerWeight: number;
  /** Draw only the lines of this query, or of this key. */
  query?: number | null;
  key?: number | null;
}

/** Share of the way down at each column's middle, and its slope, for a curve that leaves and arrives level. */
function curve(width: number): Record<"share" | "slope", Float32Array<ArrayBuffer>> {
  const share = new Float32Array(width);
  const slope = new Float32Array(width);
  for (let x = 0; x < width; x++) {
    const t = curveParameter((x + 0.5) / width);
    share[x] = t * t * (3 - 2 * t);
    slope[x] = (6 * t * (1 - t)) / (1.5 - 3 * t + 3 * t * t) / width;
  }
  return { share, slope };
}

/** Solve 1.5 t − 1.5 t² + t³ = x: the Bézier curve whose control points stand at half the width. */
function curveParameter(x: number): number {
  let low = 0;
  let high = 1;
  for (let i = 0; i < 30; i++) {
    const t = (low + high) / 2;
    if (t * (1.5 + t * (t - 1.5)) < x) low = t;
    else high = t;
  }
  return (low + high) / 2;
}

/** Smallest and largest place of a list that is inside the picture; empty: first > last. */
function placesInView(
  y: Float32Array,
  height: number,
  margin: number,
): { first: number; last: number } {
  let first = y.length;
  let last = -1;
  for (let i = 0; i < y.length; i++) {
    if (!(y[i]! >= -margin && y[i]! < height + margin)) continue;
    first = Math.min(first, i);
    last = i;
  }
  return { first, last };
}

/** Adding a head's density to the sums costs as much as drawing its lines: so many are added in one pass. */
const AT_ONCE = 4;

/** Keeps its buffers between pictures of one size. */
export class LineRasteriser {
  private width = 0;
  private height = 0;
  private share = new Float32Array(0);
  private slope = new Float32Array(0);
  /** Density of each head at hand, and of the one being drawn; then over all heads, its sum and the sums of density × colour. */
  private inks: Float32Array<ArrayBuffer>[] = [];
  private ink = new Float32Array(0);
  private sums = new Float32Array(0);
  private row = new Float32Array(0);
  private bytes = new Uint8ClampedArray(0);
  private top = 0;
  private bottom = 0;

  /** RGBA bytes, row by row, not premultiplied; they are good until the next picture. */
  draw(source: LineSource, picture: LinePicture): Uint8ClampedArray<ArrayBuffer> {
    this.prepare(picture.width, picture.height, source.keys);
    const { heads } = picture;
    for (let first = 0; first < heads.length; first += AT_ONCE)
      this.drawHeads(source, picture, heads.slice(first, first + AT_ONCE));
    return this.finish();
  }

  private drawHeads(source: LineSource, picture: LinePicture, heads: readonly LineHead[]): void {
    this.top = this.height;
    this.bottom = -1;
    heads.forEach((head, at) => {
      this.ink = this.inks[at] ??= new Float32Array(this.width * this.height);
      this.drawHead(source, picture, head);
    });
    const colours = heads.map(({ colour }) => colour);
    if (heads.length === AT_ONCE) this.addFour(this.inks, colours);
    else colours.forEach((colour, at) => this.addHead(this.inks[at]!, colour));
  }

  private prepare(width: number, height: number, keys: number): void {
    if (width !== this.width) ({ share: this.share, slope: this.slope } = curve(width));
    if (4 * width * height !== this.sums.length) {
      this.inks = [];
      this.sums = new Float32Array(4 * width * height);
      this.bytes = new Uint8ClampedArray(4 * width * height);
    } else this.sums.fill(0);
    if (this.row.length < keys) this.row = new Float32Array(keys);
    this.width = width;
    this.height = height;
  }

  private drawHead(source: LineSource, picture: LinePicture, head: LineHead): void {
    const margin = Math.abs(head.offset) + 1;
    const seen = placesInView(picture.keyY, this.height, margin);
    const key = picture.key ?? null;
    for (let query = 0; query < source.queries; query++) {
      const y = picture.queryY[query]!;
      if (Number.isNaN(y) || (picture.query ?? query) !== query) continue;
      const inView = y >= -margin && y < this.height + margin;
      const start = key ?? (inView ? 0 : seen.first);
      const end = key === null ? (inView ? source.keys : seen.last + 1) : key + 1;
      if (start >= end) continue;
      source.readRow(head.head, query, this.row, start, end);
      this.drawRow(picture, head.offset, y, start, end);
    }
  }

  private drawRow(
    picture: LinePicture,
    offset: number,
    y: number,
    start: number,
    end: number,
  ): void {
    const { keyY, threshold, gain, width0, widthPerWeight } = picture;
    for (let key = start; key < end; key++) {
      const weight = this.row[key]!;
      if (!(weight >= threshold && weight > 0)) continue;
      const to = keyY[key]!;
      if (Number.isNaN(to)) continue;
      const half = Math.max(1, width0 + widthPerWeight * weight) / 2;
      this.drawLine(y + offset, to + offset, half, weight * gain);
    }
  }

  /**
   * One column at a time from an end that is in view, until the curve leaves the picture.
   * A column of a steep curve is filled over the curve's whole height in it, so nothing gapes.
   */
  private drawLine(from: number, to: number, half: number, density: number): void {
    const { width, height, share, slope } = this;
    const rise = to - from;
    const fromLeft = from + half >= 0 && from - half < height;
    if (!fromLeft && !(to + half >= 0 && to - half < height)) return;
    for (let i = 0; i < width; i++) {
      const x = fromLeft ? i : width - 1 - i;
      const steepness = rise * slope[x]!;
      const reach = half * Math.sqrt(1 + steepness * steepness);
      const middle = from + rise * share[x]!;
      const above = Math.max(0, middle - reach);
      const below = Math.min(height, middle + reach);
      if (below > above) this.fillColumn(x, above, below, density);
      else if (i > 0) break;
    }
  }

  /** Add density to the pixels between two heights of a column, by the share covered. */
  private fillColumn(x: number, above: number, below: number, density: number): void {
    const { ink, width } = this;
    const first = above | 0;
    const last = Math.min(below | 0, this.height - 1);
    if (first < this.top) this.top = first;
    if (last > this.bottom) this.bottom = last;
    let at = first * width + x;
    if (first === last) {
      ink[at]! += density * (below - above);
      return;
    }
    ink[at]! += density * (first + 1 - above);
    for (let y = first + 1; y < last; y++) ink[(at += width)]! += density;
    ink[at + width]! += density * (below - last);
  }

  private addHead(ink: Float32Array, [red, green, blue]: Rgb): void {
    const { sums, width } = this;
    const end = (this.bottom + 1) * width;
    for (let pixel = this.top * width; pixel < end; pixel++) {
      const density = ink[pixel]!;
      if (density === 0) continue;
      ink[pixel] = 0;
      sums[4 * pixel]! += density * red;
      sums[4 * pixel + 1]! += density * green;
      sums[4 * pixel + 2]! += density * blue;
      sums[4 * pixel + 3]! += density;
    }
  }

  /** The same for four heads, which touches each sum once instead of four times. */
  private addFour(inks: readonly Float32Array[], colours: readonly Rgb[]): void {
    const { sums, width } = this;
    const [ink0, ink1, ink2, ink3] = inks as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const [[r0, g0, b0], [r1, g1, b1], [r2, g2, b2], [r3, g3, b3]] = colours as [
      Rgb,
      Rgb,
      Rgb,
      Rgb,
    ];
    const end = (this.bottom + 1) * width;
    for (let pixel = this.top * width; pixel < end; pixel++) {
      const d0 = ink0[pixel]!; // a destructured array would be made at every pixel
      const d1 = ink1[pixel]!;
      const d2 = ink2[pixel]!;
      const d3 = ink3[pixel]!;
      const density = d0 + d1 + d2 + d3;
      if (density === 0) continue;
      ink0[pixel] = ink1[pixel] = ink2[pixel] = ink3[pixel] = 0;
      sums[4 * pixel]! += d0 * r0 + d1 * r1 + d2 * r2 + d3 * r3;
      sums[4 * pixel + 1]! += d0 * g0 + d1 * g1 + d2 * g2 + d3 * g3;
      sums[4 * pixel + 2]! += d0 * b0 + d1 * b1 + d2 * b2 + d3 * b3;
      sums[4 * pixel + 3]! += density;
    }
  }

  /** Colour is the mean of the heads' colours weighted by density, alpha 1 − exp(−Σ density). */
  private finish(): Uint8ClampedArray<ArrayBuffer> {
    const { sums, bytes } = this;
    bytes.fill(0);
    for (let at = 0; at < sums.length; at += 4) {
      const density = sums[at + 3]!;
      if (density === 0) continue;
      const per = 1 / density;
      bytes[at] = sums[at]! * per;
      bytes[at + 1] = sums[at + 1]! * per;
      bytes[at + 2] = sums[at + 2]! * per;
      bytes[at + 3] = 255 * (1 - Math.exp(-density));
    }
    return bytes;
  }
}
