/** Words and the middles of their times → where each stands in a line, pushed apart, or that it is dropped. */

export interface WordBox {
  /** Of its time, in pixels. */
  readonly middle: number;
  readonly width: number;
}

const GAP = 6;

interface Block {
  readonly first: number;
  count: number;
  /** Of all its words and the gaps between them. */
  width: number;
  left: number;
  /** Sum of where its words would have it begin. */
  wished: number;
}

const settled = (block: Block, room: number): number =>
  Math.max(0, Math.min(room - block.width, block.wished / block.count));

/** Left edges, in order and apart, the squares of the moves least. */
function pushedApart(boxes: readonly WordBox[], room: number): number[] {
  const blocks: Block[] = [];
  boxes.forEach(({ middle, width }, first) => {
    let last: Block = { first, count: 1, width, left: 0, wished: middle - width / 2 };
    last.left = settled(last, room);
    for (;;) {
      const before = blocks.at(-1);
      if (before === undefined || before.left + before.width + GAP <= last.left) break;
      blocks.pop();
      const shift = before.width + GAP;
      const count = before.count + last.count;
      last = {
        ...{ first: before.first, count, width: shift + last.width, left: 0 },
        wished: before.wished + last.wished - last.count * shift,
      };
      last.left = settled(last, room);
    }
    blocks.push(last);
  });
  return blocks.flatMap(({ first, count, left }) => {
    let at = left;
    return boxes.slice(first, first + count).map(({ width }) => {
      const own = at;
      at += width + GAP;
      return own;
    });
  });
}

const doesFit = (boxes: readonly WordBox[], lefts: readonly number[], room: number): boolean =>
  boxes.every(({ middle, width }, at) => {
    const left = lefts[at]!;
    return Math.abs(left + width / 2 - middle) <= width && left >= 0 && left + width <= room + 0.5;
  });

/** Left edge of each word; null for one beside which it or an earlier one would move by more than its own width. */
export function placeWords(boxes: readonly WordBox[], room: number): (number | null)[] {
  const kept: number[] = [];
  let lefts: number[] = [];
  boxes.forEach((_, at) => {
    const tried = [...kept, at].map((each) => boxes[each]!);
    const pushed = pushedApart(tried, room);
    if (!doesFit(tried, pushed, room)) return;
    kept.push(at);
    lefts = pushed;
  });
  const places: (number | null)[] = boxes.map(() => null);
  kept.forEach((at, place) => (places[at] = lefts[place]!));
  return places;
}
