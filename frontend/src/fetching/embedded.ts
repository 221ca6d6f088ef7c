/** A stand-alone page → the answers that lie in it, in place of a server's. */

export interface Embedded {
  /** The hash that the page opens with. */
  state: string;
  /** Views that have what they need in the page. */
  views: string[];
  /** By route, layer and head: JSON, or a binary answer in base64. */
  answers: Record<string, unknown>;
}

const ELEMENT = "attn-embedded";

/** null in a page of TensorBoard's. */
export function readEmbedded(document: Document): Embedded | null {
  const text = document.getElementById(ELEMENT)?.textContent;
  return text === undefined || text === null ? null : (JSON.parse(text) as Embedded);
}

/** Route, layer and head of a request; run, tag and step are those of the page. */
export function nameOf(url: string): string {
  const [route, query = ""] = url.split("?");
  const asked = new URLSearchParams(query);
  return [route, asked.get("layer"), asked.get("head")].filter((part) => part !== null).join(" ");
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

const absent = {
  error: { code: "not_embedded", message: "This file holds one step of one probe, and no more." },
};

export function embeddedFetch({ answers }: Embedded): (url: string) => Promise<Response> {
  return (url) => {
    const name = nameOf(url);
    if (!Object.hasOwn(answers, name))
      return Promise.resolve(new Response(JSON.stringify(absent), { status: 404 }));
    const answer = answers[name];
    const body = typeof answer === "string" ? bytesOf(answer) : JSON.stringify(answer);
    return Promise.resolve(new Response(body));
  };
}
