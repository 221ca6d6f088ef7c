/** TensorBoard's only door: `render()` draws the tab into the document of its frame; a stand-alone page calls it itself. */

import { effect } from "@preact/signals";
import { render as renderInto } from "preact";

import { themeStyles } from "./draw/theme";
import { createApi, type Api } from "./fetching/api";
import { App } from "./app";
import { browserClock } from "./page/clock";
import { embeddedFetch, readEmbedded, type Embedded } from "./fetching/embedded";
import { withThumbnails } from "./fetching/page_thumbnails";
import { requestFile } from "./fetching/file_request";
import { memoryOf, startFirstVisit } from "./page/first_visit";
import { createHost, type HostWindow } from "./page/host";
import { onKey } from "./page/keyboard";
import { startLoader } from "./loading/loader";
import { startPlayer } from "./page/player";
import {
  compared,
  frameWidth,
  hidden,
  isComparing,
  isMetricsOnly,
  run,
  scalar,
  setView,
  shown,
  standaloneSteps,
  standaloneViews,
  standsAlone,
  step,
  tag,
  theme,
  version,
  view,
} from "./state";
import styles from "./styles/index.css?inline";
import { formatHash, pairsOfState } from "./page/url";
import { syncUrl } from "./page/url_sync";
import { views } from "./views";
import { fetchParts } from "./views/later";

/** Milliseconds after which the second file is fetched, asked for or not. */
const REST = 1000;

function apiOf(embedded: Embedded | null): Api {
  if (embedded === null) return createApi((url, init) => fetch(url, init));
  return withThumbnails(createApi(embeddedFetch(embedded)));
}

function setStandalone(embedded: Embedded | null): void {
  standaloneViews.value = embedded?.views ?? null;
  standaloneSteps.value = embedded?.steps ?? null;
  standsAlone.value = embedded?.alone ?? false;
}

export function render(): void {
  const embedded = readEmbedded(document);
  const host = createHost(window as HostWindow, embedded?.state);
  const clock = browserClock(window);
  const api = apiOf(embedded);
  setStandalone(embedded);

  host.onTheme((name) => (theme.value = name));
  host.onResize(({ width, height }) => {
    hidden.value = height === 0;
    if (height > 0) frameWidth.value = width;
  });
  document.title = "Attention";
  document.documentElement.lang = "en";
  effect(() => {
    document.documentElement.dataset["theme"] = theme.value;
  });

  effect(() => {
    if (!views.some(({ id }) => id === view.value)) setView(views[0]!.id); // a link may name a view of another version
  });

  const url = syncUrl(host, clock);
  const loader = startLoader(api);
  startPlayer(clock);
  startFirstVisit(embedded === null ? memoryOf(window) : null);
  clock.after(REST, fetchParts);
  host.onReload(loader.refresh);
  document.addEventListener("keydown", onKey);

  const style = document.createElement("style");
  style.textContent = host.fontFaces() + themeStyles() + styles;
  document.head.append(style);
  const root = document.createElement("div");
  root.id = "attn";
  document.body.replaceChildren(root);
  renderInto(
    <App
      retry={loader.retry}
      link={() => {
        url.flush();
        return host.link();
      }}
      file={(format) => {
        const at = { run: run.value!, tag: tag.value!, step: step.value!, version: version.value };
        const state = formatHash("#attn", pairsOfState()).replace(/^#attn&?/, "");
        return requestFile((url) => fetch(url), at, {
          format,
          view: view.value,
          state,
          compared: isComparing.value && !isMetricsOnly.value ? compared.value : null,
          scalar: shown(scalar.value)?.tag ?? null,
        });
      }}
      logDirectory={() => api.logDirectory().catch(() => null)}
    />,
    root,
  );
}

if (readEmbedded(document) !== null) render();
