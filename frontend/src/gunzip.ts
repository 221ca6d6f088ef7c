/**
 * One gzip member (RFC 1952, RFC 1951) → its bytes, its checksum checked.
 *
 * For members of some kilobytes: a DecompressionStream each holds 100 KiB that the collector does not count.
 */

/** Symbol << 4 | length of the code, by the next bits of the input. */
interface Codes {
  table: Uint32Array;
  mask: number;
}

const lengthBase = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
  163, 195, 227, 258,
];
const lengthExtra = [
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
];
const distanceBase = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049,
  3073, 4097, 6145, 8193, 12289, 16385, 24577,
];
const distanceExtra = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
const codeOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

const checksums = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  return rest >>> 0;
});

export function crc32(bytes: Uint8Array): number {
  let rest = 0xffffffff;
  for (const byte of bytes) rest = checksums[(rest ^ byte) & 255]! ^ (rest >>> 8);
  return ~rest >>> 0;
}

function reversed(code: number, length: number): number {
  let turned = 0;
  for (let bit = 0; bit < length; bit++) turned |= ((code >> bit) & 1) << (length - 1 - bit);
  return turned;
}

/** Canonical Huffman codes from the length of each symbol's code. */
function codesOf(lengths: Uint8Array): Codes {
  const counts = new Uint16Array(16);
  let longest = 1;
  for (const length of lengths) {
    if (length === 0) continue;
    counts[length]!++;
    longest = Math.max(longest, length);
  }
  const next = new Uint32Array(17);
  for (let length = 1; length <= 15; length++)
    next[length + 1] = (next[length]! + counts[length]!) << 1;
  const table = new Uint32Array(1 << longest);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol]!;
    if (length === 0) continue;
    const code = next[length]!++;
    if (code >> length !== 0) throw new Error("its code lengths are oversubscribed");
    const entry = (symbol << 4) | length;
    for (let at = reversed(code, length); at < table.length; at += 1 << length) table[at] = entry;
  }
  return { table, mask: table.length - 1 };
}

const fixedLengths = Uint8Array.from({ length: 288 }, (_, symbol) =>
  symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8,
);
let fixed: { literals: Codes; distances: Codes } | null = null;

class Inflater {
  hold = 0;
  bits = 0;
  filled = 0;

  constructor(
    readonly input: Uint8Array,
    readonly into: Uint8Array,
    public at: number,
  ) {}

  /** All blocks; answers where the input goes on. */
  run(): number {
    for (let last = 0; last === 0 && this.filled <= this.into.length;) {
      last = this.take(1);
      const kind = this.take(2);
      if (kind === 0) this.stored();
      else if (kind === 1) {
        fixed ??= {
          literals: codesOf(fixedLengths),
          distances: codesOf(new Uint8Array(30).fill(5)),
        };
        this.coded(fixed.literals, fixed.distances);
      } else if (kind === 2) this.dynamic();
      else throw new Error("it has a block of an unknown kind");
    }
    return this.at - (this.bits >> 3);
  }

  /** At least 25 bits in hold; zeros after the end, which must not be used up. */
  private fill(): void {
    while (this.bits <= 24) {
      this.hold |= (this.at < this.input.length ? this.input[this.at]! : 0) << this.bits;
      this.at++;
      this.bits += 8;
    }
    if (this.at - (this.bits >> 3) > this.input.length) throw new Error("it is cut short");
  }

  private take(count: number): number {
    this.fill();
    const value = this.hold & ((1 << count) - 1);
    this.hold >>>= count;
    this.bits -= count;
    return value;
  }

  private symbol({ table, mask }: Codes): number {
    this.fill();
    const entry = table[this.hold & mask]!;
    if (entry === 0) throw new Error("it has a code that was not announced");
    this.hold >>>= entry & 15;
    this.bits -= entry & 15;
    return entry >>> 4;
  }

  private stored(): void {
    const start = this.at - (this.bits >> 3);
    const length = this.input[start]! | (this.input[start + 1]! << 8);
    const end = start + 4 + length;
    if (!(end <= this.input.length)) throw new Error("it is cut short");
    if (this.filled + length <= this.into.length)
      this.into.set(this.input.subarray(start + 4, end), this.filled);
    this.filled += length;
    this.at = end;
    this.hold = 0;
    this.bits = 0;
  }

  private dynamic(): void {
    const literals = this.take(5) + 257;
    const distances = this.take(5) + 1;
    const announced = this.take(4) + 4;
    const short = new Uint8Array(19);
    for (let i = 0; i < announced; i++) short[codeOrder[i]!] = this.take(3);
    const codes = codesOf(short);
    const lengths = new Uint8Array(literals + distances);
    for (let i = 0; i < lengths.length;) {
      const symbol = this.symbol(codes);
      if (symbol < 16) lengths[i++] = symbol;
      else {
        const value = symbol === 16 ? (lengths[i - 1] ?? 0) : 0;
        const times =
          symbol === 16 ? 3 + this.take(2) : symbol === 17 ? 3 + this.take(3) : 11 + this.take(7);
        lengths.fill(value, i, (i += times));
      }
    }
    this.coded(codesOf(lengths.subarray(0, literals)), codesOf(lengths.subarray(literals)));
  }

  private coded(literals: Codes, distances: Codes): void {
    const { into } = this;
    for (;;) {
      const symbol = this.symbol(literals);
      if (symbol === 256) return;
      if (symbol < 256) {
        if (this.filled < into.length) into[this.filled] = symbol;
        this.filled++;
      } else {
        const length = lengthBase[symbol - 257]! + this.take(lengthExtra[symbol - 257]!);
        const far = this.symbol(distances);
        this.copy(distanceBase[far]! + this.take(distanceExtra[far]!), length);
      }
      if (this.filled > into.length) return;
    }
  }

  private copy(distance: number, length: number): void {
    const { into, filled } = this;
    const end = filled + length;
    if (!(distance <= filled)) throw new Error("it refers to what is not there");
    if (end <= into.length)
      for (let to = filled, from = filled - distance; to < end; to++) into[to] = into[from++]!;
    this.filled = end;
  }
}

/** Where the compressed bytes start. */
function afterHeader(member: Uint8Array): number {
  if (member.length < 18 || member[0] !== 0x1f || member[1] !== 0x8b || member[2] !== 8)
    throw new Error("it is no gzip member");
  const flags = member[3]!;
  let at = 10;
  if (flags & 4) at += 2 + (member[at]! | (member[at + 1]! << 8));
  for (const flag of [8, 16]) if (flags & flag) at = member.indexOf(0, at) + 1;
  return flags & 2 ? at + 2 : at;
}

/**
 * Inflate a member into `into`; answers how many bytes it has, of which those beyond `into` are left out
 * (and then not all are counted). Throws an Error that says what is wrong with it.
 */
export function gunzip(member: Uint8Array, into: Uint8Array): number {
  const inflater = new Inflater(member, into, afterHeader(member));
  const end = inflater.run();
  const { filled } = inflater;
  if (filled > into.length) return filled;
  if (end + 8 !== member.length) throw new Error("it is followed by something else, or cut short");
  const trailer = new DataView(member.buffer, member.byteOffset + end, 8);
  const bytes = into.subarray(0, filled);
  if (trailer.getUint32(0, true) !== crc32(bytes)) throw new Error("its checksum is wrong");
  if (trailer.getUint32(4, true) !== filled) throw new Error("its length is wrong");
  return filled;
}
