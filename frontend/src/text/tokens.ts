/** Token strings as a tokenizer writes them → the text shown for them, in a list of tokens at once. */

/** Longest text put into the page; the column elides it further, the title has it whole. */
const longest = 64;

const pictures: Record<string, string> = { "\n": "↵", "\r": "↵", "\t": "⇥", "\u00a0": "␣" };

/** Marks that would turn or hide what stands beside them, by code point, shown by name. */
const names: Record<number, string> = {
  0x00ad: "SHY",
  0x061c: "ALM",
  0x200b: "ZWSP",
  0x200e: "LRM",
  0x200f: "RLM",
  0x202a: "LRE",
  0x202b: "RLE",
  0x202c: "PDF",
  0x202d: "LRO",
  0x202e: "RLO",
  0x2028: "LSEP",
  0x2029: "PSEP",
  0x2060: "WJ",
  0x2066: "LRI",
  0x2067: "RLI",
  0x2068: "FSI",
  0x2069: "PDI",
  0xfeff: "BOM",
};

function visibleCharacter(character: string): string {
  const code = character.codePointAt(0)!;
  if (character in pictures) return pictures[character]!;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "␡";
  const name = names[code];
  if (name !== undefined) return `‹${name}›`;
  if ((code >= 0x80 && code < 0xa0) || (code >= 0xd800 && code < 0xe000))
    return `‹${code.toString(16).toUpperCase()}›`;
  return character;
}

/** Part of a character when beside others (emoji, Persian), nothing to see when alone. */
const joiners: Record<string, string> = {
  "\u200c": "‹ZWNJ›",
  "\u200d": "‹ZWJ›",
  "\ufe0f": "‹VS16›",
};

/** Most texts: printable ASCII from its first character on, which is shown as it is. */
const plain = /^[!-~][ -~]*$/;

/** Nothing invisible, nothing that turns the text around: control, bidirectional and broken characters by name. */
export function visibleText(text: string): string {
  if (plain.test(text)) return text;
  if (text === "") return "‹empty›";
  const characters = Array.from(text);
  if (characters.every((character) => character in joiners))
    return characters.map((character) => joiners[character]).join("");
  if (/^ +$/.test(text)) return "␣".repeat(Math.min(text.length, 8));
  return characters.map(visibleCharacter).join("");
}

export function elide(text: string, limit = longest): string {
  if (text.length <= limit) return text;
  const characters = Array.from(text);
  return characters.length <= limit ? text : characters.slice(0, limit - 1).join("") + "…";
}

const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/** For a line of several tokens, or where an element cannot say it: text that runs by its own direction and turns nothing beside it. */
export function isolated(text: string): string {
  return rightToLeft.test(text) ? `\u2068${text}\u2069` : text;
}

/** GPT-2's table, which gives each byte a printable character, turned round. */
const byteOfCharacter = ((): ReadonlyMap<string, number> => {
  const bytes = new Map<string, number>();
  let spare = 256;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    bytes.set(String.fromCodePoint(printable ? byte : spare++), byte);
  }
  return bytes;
})();

function fromByteCharacters(token: string): string | null {
  const bytes: number[] = [];
  for (const character of token) {
    const byte = byteOfCharacter.get(character);
    if (byte === undefined) return null;
    bytes.push(byte);
  }
  return textOfBytes(bytes);
}

/** Bytes that are no characters by their numbers. */
function textOfBytes(bytes: readonly number[]): string {
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return decoder.decode(Uint8Array.from(bytes));
  } catch {
    return bytes
      .map((byte) => (byte < 128 ? String.fromCharCode(byte) : `‹${hex(byte)}›`))
      .join("");
  }
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, "0");
}

/** SentencePiece's `<0x0A>`, one or several: the characters that the bytes are, else their numbers. */
function fromByteFallback(token: string): string | null {
  if (!/^(<0x[0-9A-Fa-f]{2}>)+$/.test(token)) return null;
  return textOfBytes(
    [...token.matchAll(/[0-9A-Fa-f]{2}(?=>)/g)].map(([byte]) => parseInt(byte, 16)),
  );
}

/** Without the space that only parts words; a token that is nothing but space keeps it. */
function withoutLeadingSpace(text: string): string {
  return text.length > 1 && text.startsWith(" ") && text.trim() !== "" ? text.slice(1) : text;
}

function usesByteCharacters(tokens: readonly string[]): boolean {
  return tokens.some((token) => /^[ĠĊ]/.test(token));
}

function withoutMarkers(token: string, byteCharacters: boolean): string {
  const byte = fromByteFallback(token);
  if (byte !== null) return byte;
  if (byteCharacters) return withoutLeadingSpace(fromByteCharacters(token) ?? token);
  if (token.startsWith("##") && token.length > 2) return token.slice(2);
  const ended = token.endsWith("</w>") ? token.slice(0, -4) : token;
  return withoutLeadingSpace(ended.replaceAll("▁", " "));
}

/**
 * Text shown for each token: markers of byte-level BPE (Ġ), SentencePiece (▁, byte fallback),
 * WordPiece (##) and BPE (</w>) taken off, what cannot be seen made visible.
 */
export function displayTokens(tokens: readonly string[]): string[] {
  const byteCharacters = usesByteCharacters(tokens);
  return tokens.map((token) => visibleText(withoutMarkers(token, byteCharacters)));
}
