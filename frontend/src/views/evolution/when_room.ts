/** The view's height, what the rows of heads need and what there is to tell → the room of "When" under the grid. */

export interface WhenRoom {
  readonly height: number;
  /** Of the scalar's plot; 0: there is none. */
  readonly plot: number;
}

export interface WhenNeeds {
  /** Of the grid's rows and "When" together. */
  readonly height: number;
  /** Of the main column. */
  readonly width: number;
  /** Of the rows, each with changes tall. */
  readonly rows: number;
  /** "When" gets no more: the heads come first. */
  readonly most: number;
  readonly lanes: number;
  readonly hasScalar: boolean;
}

/** Of the title with what parts it from the grid, of a lane, and of the steps under the plot. */
export const WHEN_HEAD = 30;
export const LANE = 21;
export const STEPS = 20;
/** Between lanes and plot. */
export const LANES_GAP = 4;

const LEAST_WIDTH = 420;
const LEAST_PLOT = 56;
const MOST_PLOT = 240;
/** Of the height. */
const PLOT_SHARE = 0.17;

/** What is rarer stands in the last one. */
export function mostLanes(height: number): number {
  return height < 700 ? 2 : height < 900 ? 3 : 4;
}

const around = (lanes: number): number =>
  WHEN_HEAD + lanes * LANE + (lanes > 0 ? LANES_GAP : 0) + STEPS;

/** null: it would make the rows too low, or has nothing to tell. */
export function whenRoom(needs: WhenNeeds): WhenRoom | null {
  const { height, width, lanes, hasScalar } = needs;
  if (width < LEAST_WIDTH || (lanes === 0 && !hasScalar)) return null;
  const fixed = around(lanes);
  const spare = Math.min(height - needs.rows, needs.most) - fixed;
  if (!hasScalar) return spare < 0 ? null : { height: fixed, plot: 0 };
  if (spare < LEAST_PLOT) return null;
  const wanted = Math.min(PLOT_SHARE * height, MOST_PLOT);
  const plot = Math.floor(Math.min(spare, Math.max(LEAST_PLOT, wanted)));
  return { height: fixed + plot, plot };
}

/** With what the rows leave. */
export function fillLeft(when: WhenRoom, left: number): WhenRoom {
  if (when.plot === 0) return when;
  const more = Math.floor(Math.max(0, Math.min(left, MOST_PLOT - when.plot)));
  return { height: when.height + more, plot: when.plot + more };
}
