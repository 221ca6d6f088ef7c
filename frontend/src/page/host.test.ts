// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";

import { createHost, type HostWindow } from "./host";

/** A parent page and the frame in it, each a bare object with what the host uses. */
function windows(hash = "#attn", baseURI = "http://host/") {
  const body = document.createElement("body");
  const styleSheets: { cssRules: { type: number; cssText: string }[] }[] = [];
  const steps: string[] = [];
  const posted: { message: unknown; port: MessagePort }[] = [];
  const page = Object.assign(new EventTarget(), {
    document: { body, styleSheets, baseURI },
    location: { hash, href: `http://host/${hash}` },
    history: {
      state: { kept: true },
      replaceState(_state: unknown, _title: string, next: string) {
        page.location.hash = next;
      },
      pushState(_state: unknown, _title: string, next: string) {
        page.location.hash = next;
        steps.push(next);
      },
    },
    postMessage(message: unknown, _origin: string, [port]: [MessagePort]) {
      posted.push({ message, port });
    },
  });
  const frame = Object.assign(new EventTarget(), {
    parent: page as unknown,
    innerWidth: 1280,
    innerHeight: 736,
    location: { href: "http://host/frame" },
    MessageChannel,
    MutationObserver,
    matchMedia: () => Object.assign(new EventTarget(), { matches: true }),
  });
  return {
    page,
    frame,
    body,
    styleSheets,
    posted,
    steps,
    host: () => createHost(frame as unknown as HostWindow),
  };
}

const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

describe("reloads", () => {
  it("come through the port handed to the parent, and each message is answered", async () => {
    const { posted, host } = windows();
    let reloads = 0;
    const made = host();
    made.onReload(() => (reloads += 1));
    expect(posted.map(({ message }) => message)).toEqual(["experimental.bootstrap"]);
    const { port } = posted[0]!;
    const replies: unknown[] = [];
    port.onmessage = ({ data }: MessageEvent<string>) => void replies.push(JSON.parse(data));
    const send = (type: string, id: number): void =>
      port.postMessage(JSON.stringify({ type, id, payload: null, error: null, isReply: false }));
    send("experimental.DataReloaded", 7);
    send("experimental.RunsChanged", 8);
    await tick();
    made.dispose();
    port.close();
    expect(reloads).toBe(1);
    const reply = { payload: null, error: null, isReply: true };
    expect(replies).toEqual([
      { type: "experimental.DataReloaded", id: 7, ...reply },
      { type: "experimental.RunsChanged", id: 8, ...reply },
    ]);
  });
});

describe("the theme", () => {
  it("follows the class of the parent's body", async () => {
    const { body, host } = windows();
    const themes: string[] = [];
    const made = host();
    made.onTheme((theme) => themes.push(theme));
    body.classList.add("dark-mode");
    await tick();
    body.classList.remove("dark-mode");
    await tick();
    made.dispose();
    expect(themes).toEqual(["light", "dark", "light"]);
  });

  it("is the system's where the parent cannot be reached", () => {
    const { frame } = windows();
    Object.defineProperty(frame, "parent", {
      value: {
        get document(): never {
          throw new DOMException("cross-origin", "SecurityError");
        },
      },
    });
    const host = createHost(frame as unknown as HostWindow);
    const themes: string[] = [];
    host.onTheme((theme) => themes.push(theme));
    expect(themes).toEqual(["dark"]);
    expect(host.readHash()).toBeNull();
    host.writeHash("#attn&p.attn.layer=1", false);
    expect(host.link()).toBe("http://host/frame");
  });
});

describe("fonts", () => {
  it("are the page's own Roboto, from the style sheets that may be read", () => {
    const { styleSheets, host } = windows();
    const roboto = '@font-face { font-family: Roboto; src: url("/font-roboto/x.woff2"); }';
    const other = "@font-face { font-family: Icons; src: local(Roboto); }";
    styleSheets.push({ cssRules: [roboto, other].map((cssText) => ({ type: 5, cssText })) });
    styleSheets.push({
      get cssRules(): never {
        throw new DOMException("cross-origin", "SecurityError");
      },
    });
    expect(host().fontFaces()).toBe(roboto.replace("/font", "http://host/font"));
  });

  it.each([
    ["/font-roboto/x.woff2", "http://host/", "http://host/font-roboto/x.woff2"],
    ["/font-roboto/x.woff2", "http://host/board/", "http://host/board/font-roboto/x.woff2"],
    [
      "/font-roboto/x.woff2",
      "http://host/proxy/6006/?a=1",
      "http://host/proxy/6006/font-roboto/x.woff2",
    ],
    ["https://fonts/x.woff2", "http://host/board/", "https://fonts/x.woff2"],
    ["//fonts/x.woff2", "http://host/board/", "//fonts/x.woff2"],
  ])("%s of a page at %s lie at %s", (url, baseURI, found) => {
    const { styleSheets, host } = windows("#attn", baseURI);
    const rule = (address: string): string =>
      `@font-face { font-family: Roboto; src: local("Roboto"), url("${address}") format("woff2"); }`;
    styleSheets.push({ cssRules: [{ type: 5, cssText: rule(url) }] });
    expect(host().fontFaces()).toBe(rule(found));
  });
});

describe("the frame's size", () => {
  it("is told at once and when it changes", () => {
    const { frame, host } = windows();
    const heights: number[] = [];
    host().onResize(({ height }) => heights.push(height));
    frame.innerHeight = 0;
    frame.dispatchEvent(new Event("resize"));
    expect(heights).toEqual([736, 0]);
  });
});

describe("the hash", () => {
  it("is the parent's, written with a new entry in the history where it is asked for", () => {
    const { page, steps, host } = windows("#attn&p.attn.layer=1");
    const made = host();
    expect(made.readHash()).toBe("#attn&p.attn.layer=1");
    made.writeHash("#attn&p.attn.layer=2", false);
    expect(page.location.hash).toBe("#attn&p.attn.layer=2");
    made.writeHash("#attn&p.attn.layer=3", true);
    expect(page.location.hash).toBe("#attn&p.attn.layer=3");
    expect(steps).toEqual(["#attn&p.attn.layer=3"]);
  });

  it("is heard when somebody else changes it, until the host is disposed of", () => {
    const { page, host } = windows();
    let heard = 0;
    const made = host();
    made.onHash(() => (heard += 1));
    page.dispatchEvent(new Event("hashchange"));
    made.dispose();
    page.dispatchEvent(new Event("hashchange"));
    expect(heard).toBe(1);
  });
});
