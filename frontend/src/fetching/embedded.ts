/** A stand-alone page → the answers that lie in it, in place of a server's. */

interface Place {
  readonly run: string;
  readonly tag: string;
  readonly step: number;
}

export interface Embedded {
  /** The hash that the page opens with. */
  state: string;
  /** Views that have what they need in the page. */
  views: string[];
  /**
   * By route, layer and head: JSON, or a binary answer in base64; those of record A begin with "compared", those of
   * the probe's other records with "step" and its number.
   */
  answers: Record<string, unknown>;
  /** Of the record in the page. */
  place: Place;
  /** Of record A of a comparison. */
  compared: Place | null;
  /** How many steps the histories have, of how many that were logged. */
  steps: [held: number, logged: number];
  /** One record, in a notebook's cell: there is no other run, probe or step to choose. */
  alone?: boolean;
}

const ELEMENT = "attn-embedded";

/** null in a page of TensorBoard's. */
export function readEmbedded(document: Document): Embedded | null {
  const text = document.getElementById(ELEMENT)?.textContent;
  return text === undefined || text === null ? null : (JSON.parse(text) as Embedded);
}

const PLACES = ["run", "tag", "step"];
/** Parameters without which the page's own answer is the wanted one. */
const OWN = [
  ...PLACES,
  "layer",
  "head",
  "sha256",
  "v",
  "evolution",
  "values",
  "v_b",
  "since",
  "width",
  "quantity",
];

function isAt(asked: URLSearchParams, { run, tag, step }: Place, suffix = ""): boolean {
  const wanted = [run.toWellFormed(), tag.toWellFormed(), String(step)]; // as they travel in a query
  return PLACES.every((name, at) => asked.get(name + suffix) === wanted[at]);
}

function isSameProbe(asked: URLSearchParams, place: Place): boolean {
  return isAt(asked, { ...place, step: Number(asked.get("step")) });
}

/** Name of a part of a long head: its whole picture, or one row; null for another request, and for what no page holds. */
function partOf(route: string, asked: URLSearchParams): string | null {
  const [queries, keys] = [asked.get("queries"), asked.get("keys")];
  const where = `${asked.get("layer")} ${asked.get("head")}`;
  const isWhole =
    queries?.startsWith("0-") && keys?.startsWith("0-") && asked.get("side") === "256";
  if (route === "region") return isWhole ? `region ${where}` : `region ${where} ${queries} ${keys}`;
  if (route !== "weights" || queries === null) return null;
  const [first, last] = queries.split("-");
  return first === last ? `row ${where} ${first}` : `rows ${where} ${queries}`;
}

/** The answer of a request by its name among the page's; null: it is not in the page. */
export function nameOf(url: string, { place, compared, answers }: Embedded): string | null {
  const [route = "", query = ""] = url.split("?");
  const asked = new URLSearchParams(query);
  if (route === "compare") {
    const isHeld = compared !== null && isAt(asked, compared) && isAt(asked, place, "_b");
    return isHeld ? [route, asked.get("quantity") ?? ""].join(" ").trim() : null;
  }
  const part = partOf(route, asked);
  if (part !== null) {
    if (isAt(asked, place)) return part;
    const other = `step ${asked.get("step")} ${part}`;
    if (Object.hasOwn(answers, other) && isSameProbe(asked, place)) return other;
    return compared !== null && isAt(asked, compared) ? `compared ${part}` : null;
  }
  if (![...asked.keys()].every((key) => OWN.includes(key))) return null;
  const parts = ["layer", "head", "sha256", "quantity"].map((each) => asked.get(each));
  const name = [route, ...parts].filter((part) => part !== null).join(" ");
  if (!asked.has("run") || route === "picture") return name; // a picture is the same at every step
  if (asked.has("step")) {
    if (isAt(asked, place)) return name;
    const other = `step ${asked.get("step")} ${name}`;
    if (Object.hasOwn(answers, other) && isSameProbe(asked, place)) return other;
    return compared !== null && isAt(asked, compared) ? `compared ${name}` : null;
  }
  if (asked.get("run") !== place.run.toWellFormed()) return null;
  if (route === "scalars") return asked.has("tag") ? `scalars ${asked.get("tag")}` : route;
  return asked.get("tag") === place.tag.toWellFormed() ? name : null;
}

/** Tokens and layers of the page's probe, at a step of which the page holds the head metrics. */
function headerAt(url: string, { place, answers }: Embedded): unknown {
  const [route, query = ""] = url.split("?");
  const asked = new URLSearchParams(query);
  if (route !== "record" || !isSameProbe(asked, place)) return undefined;
  const step = Number(asked.get("step"));
  return { ...(answers["record"] as object), step, wall_time: null };
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

const absent = {
  error: {
    code: "not_embedded",
    message: "This file holds patterns of one probe at some of its steps, and no more.",
  },
};

export function embeddedFetch(page: Embedded): (url: string) => Promise<Response> {
  const { answers } = page;
  return (url) => {
    const name = nameOf(url, page);
    const isHeld = name !== null && Object.hasOwn(answers, name);
    const answer = isHeld ? answers[name] : headerAt(url, page);
    if (answer === undefined)
      return Promise.resolve(new Response(JSON.stringify(absent), { status: 404 }));
    const body = typeof answer === "string" ? bytesOf(answer) : JSON.stringify(answer);
    return Promise.resolve(new Response(body));
  };
}
