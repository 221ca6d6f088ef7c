/** What TensorBoard gives to the frame of a plugin: reloads, theme, URL, and whether one sees it. */

import type { Theme } from "../state/display";

/** The part of a window that is used here, so that tests can bring their own. */
export type HostWindow = Window & typeof globalThis;

export interface Host {
  /** TensorBoard's reload button, or its automatic reload. */
  onReload: (call: () => void) => void;
  /** Called at once and at every change. */
  onTheme: (call: (theme: Theme) => void) => void;
  /** Called at once and at every change of the frame's size; height 0 = another tab is shown. */
  onResize: (call: (size: { width: number; height: number }) => void) => void;
  /** The page's own Roboto as @font-face rules; a frame does not inherit them. */
  fontFaces: () => string;
  /** null when the page around the frame cannot be reached. */
  readHash: () => string | null;
  /** In place of the present one, or as a step of its own in the browser's history. */
  writeHash: (hash: string, isStep: boolean) => void;
  onHash: (call: () => void) => void;
  /** The address to share. */
  link: () => string;
  dispose: () => void;
}

/** The page around the frame; null when it is of another origin, or there is none. */
function reachableParent(window: HostWindow): HostWindow | null {
  try {
    if (window.parent === window) return null;
    void window.parent.document.body;
    return window.parent as HostWindow;
  } catch {
    return null;
  }
}

interface Message {
  type: string;
  id: number;
  isReply: boolean;
}

/** TensorBoard's message port. It waits for an answer to each of its own messages. */
function listenForReload(window: HostWindow, call: () => void): () => void {
  const { port1, port2 } = new window.MessageChannel();
  port1.onmessage = ({ data }: MessageEvent<unknown>) => {
    const { type, id, isReply } = JSON.parse(String(data)) as Message;
    if (isReply) return;
    port1.postMessage(JSON.stringify({ type, id, payload: null, error: null, isReply: true }));
    if (type === "experimental.DataReloaded") call();
  };
  window.parent.postMessage("experimental.bootstrap", "*", [port2]);
  return () => port1.close();
}

function watchTheme(
  window: HostWindow,
  parent: HostWindow | null,
  call: (theme: Theme) => void,
): () => void {
  if (parent === null) {
    const query = window.matchMedia("(prefers-color-scheme: dark)");
    const tell = (): void => call(query.matches ? "dark" : "light");
    tell();
    query.addEventListener("change", tell);
    return () => query.removeEventListener("change", tell);
  }
  const { body } = parent.document;
  const tell = (): void => call(body.classList.contains("dark-mode") ? "dark" : "light");
  tell();
  const observer = new window.MutationObserver(tell);
  observer.observe(body, { attributes: true, attributeFilter: ["class"] });
  return () => observer.disconnect();
}

const FONT_FACE = 5;

/** The font faces of the sheets that may be read: only their texts are written out, not those of a thousand rules. */
function facesOf(sheet: CSSStyleSheet): CSSRule[] {
  try {
    return [...sheet.cssRules].filter(({ type }) => type === FONT_FACE);
  } catch {
    return [];
  }
}

/** TensorBoard names its fonts from the server's root; behind a path prefix or a proxy they lie below its own page. */
function belowPage(rule: string, base: string): string {
  return rule.replace(/url\("?\/(?!\/)([^")]*)"?\)/g, (_, path: string) => {
    return `url("${new URL(path, base).href}")`;
  });
}

function fontFaces({ document }: Window): string {
  return [...document.styleSheets]
    .flatMap(facesOf)
    .map(({ cssText }) => cssText)
    .filter((text) => /font-family: "?Roboto"?;/.test(text))
    .map((text) => belowPage(text, document.baseURI))
    .join("\n");
}

function listen(target: Window, type: string, call: () => void): () => void {
  target.addEventListener(type, call);
  return () => target.removeEventListener(type, call);
}

/** `state` is the hash of a page that has no host: kept here, never written to its address. */
export function createHost(window: HostWindow, state: string | null = null): Host {
  const parent = reachableParent(window);
  const page = parent ?? window;
  const disposers: (() => void)[] = [];
  return {
    onReload(call) {
      if (window.parent !== window) disposers.push(listenForReload(window, call));
    },
    onTheme(call) {
      disposers.push(watchTheme(window, parent, call));
    },
    onResize(call) {
      const tell = (): void => call({ width: window.innerWidth, height: window.innerHeight });
      tell();
      disposers.push(listen(window, "resize", tell));
    },
    fontFaces: () => (parent === null ? "" : fontFaces(parent)),
    readHash: () => state ?? parent?.location.hash ?? null,
    writeHash(hash, isStep) {
      if (state !== null) state = hash;
      if (state !== null || parent === null || parent.location.hash === hash) return;
      const { history } = parent;
      if (isStep) history.pushState(history.state, "", hash);
      else history.replaceState(history.state, "", hash);
    },
    onHash(call) {
      if (parent !== null) disposers.push(listen(parent, "hashchange", call));
    },
    link: () => page.location.href,
    dispose() {
      for (const each of disposers.splice(0)) each();
    },
  };
}
