/** Names of runs or probes and what is typed to filter them → the names that match; what long names share at their start. */

/** null: the text is no regular expression, and is then looked for as it stands. */
export function filterPattern(text: string): RegExp | null {
  try {
    return new RegExp(text, "i");
  } catch {
    return null;
  }
}

export function matchingNames(names: readonly string[], text: string): readonly string[] {
  const pattern = filterPattern(text);
  return names.filter((name) => (pattern === null ? name.includes(text) : pattern.test(name)));
}

/** Characters of a name that fit into the left pane. */
const FITTING = 20;

function sharedStart(names: readonly string[]): string {
  let shared = names[0] ?? "";
  for (const name of names) while (!name.startsWith(shared)) shared = shared.slice(0, -1);
  return shared;
}

/** The start that all names share, up to a "/", "_", "-" or space; "" where every name fits as it is. */
export function commonPrefix(names: readonly string[]): string {
  if (names.length < 2 || names.every((name) => name.length <= FITTING)) return "";
  const shared = sharedStart(names);
  const end = Math.max(...["/", "_", "-", " "].map((mark) => shared.lastIndexOf(mark))) + 1;
  const prefix = shared.slice(0, end);
  return names.includes(prefix) ? "" : prefix;
}

/** Up to and with its last "/"; "" for a name without a folder. */
export function folderOf(name: string): string {
  return name.slice(0, name.lastIndexOf("/") + 1);
}

/** Names by their folder, the shared start included; null: not several folders with several names. */
export function byFolder(
  names: readonly string[],
  prefix: string,
): ReadonlyMap<string, string[]> | null {
  const folders = Map.groupBy(names, (name) => prefix + folderOf(name.slice(prefix.length)));
  return folders.size > 1 && folders.size < names.length ? folders : null;
}

/** A name that would be cut keeps its end, where names of one experiment differ. */
export function middleSplit(name: string): readonly [start: string, end: string] {
  const letters = [...name];
  const kept = Math.floor(FITTING / 2);
  if (letters.length <= FITTING) return [name, ""];
  return [letters.slice(0, -kept).join(""), letters.slice(-kept).join("")];
}
