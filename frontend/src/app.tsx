/** The shell: left pane, toolbar with the views' tabs, step bar, and the present view. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { CopyButton } from "./controls/copy_button";
import { ExportMenu } from "./controls/export_menu";
import { EmptyState } from "./controls/empty_state";
import { MenuIcon } from "./controls/icons";
import { IndexProblem } from "./controls/index_problem";
import { LeftPane } from "./controls/left_pane";
import { MetricsOnly } from "./controls/metrics_only";
import { StepBar } from "./controls/step_bar";
import { StepProblem } from "./controls/step_problem";
import { ToolButtons } from "./controls/tool_buttons";
import { ViewTabs } from "./controls/view_tabs";
import {
  FOLD_WIDTH,
  forgetAsked,
  frameWidth,
  index,
  indexError,
  isListingOld,
  isMetricsOnly,
  missing,
  standaloneSteps,
  standaloneViews,
  standsAlone,
  stepError,
  steps,
  tags,
  view,
  type FileFormat,
} from "./state";
import { FirstPictures, FirstVisit, views, type ViewDefinition } from "./views";
import { ToolPanel } from "./views/tool_panel";

export interface AppProps {
  retry: () => void;
  /** The address that opens this very picture. */
  link: () => string;
  /** The present record as a file that the server makes. */
  file: (format: FileFormat) => Promise<Blob>;
  logDirectory: () => Promise<string | null>;
}

function Empty({ logDirectory }: Pick<AppProps, "logDirectory">) {
  const place = useSignal<string | null>(null);
  useEffect(() => void logDirectory().then((found) => (place.value = found)), []);
  return <EmptyState logDirectory={place.value} pictures={FirstPictures} />;
}

/** What a stand-alone page lacks of the histories. */
function HeldSteps() {
  const [held, logged] = standaloneSteps.value ?? [1, 1];
  if (held === logged) return null;
  return (
    <p class="standalone-note">
      This file holds {held} of {logged} steps: the other ones need the log directory.
    </p>
  );
}

function Shown({ present, retry }: { present: ViewDefinition } & Pick<AppProps, "retry">) {
  const View = present.component;
  const error = stepError.value;
  return (
    <div class="view" data-view={present.id}>
      <div class="view-body">
        {present.overSteps === true && <HeldSteps />}
        <View />
      </div>
      {present.overSteps !== true && isMetricsOnly.value && <MetricsOnly />}
      {present.overSteps !== true && !isMetricsOnly.value && error !== null && (
        <StepProblem error={error} retry={retry} />
      )}
      <ToolPanel />
    </div>
  );
}

function Content({ present, retry, logDirectory }: { present: ViewDefinition } & AppProps) {
  if (index.value === null) {
    const error = indexError.value;
    if (error !== null) return <IndexProblem error={error} retry={retry} />;
    return <p class="loading">Loading …</p>;
  }
  if (tags.value.length === 0) return <Empty logDirectory={logDirectory} />;
  return <Shown present={present} retry={retry} />;
}

function Unreachable({ retry }: Pick<AppProps, "retry">) {
  if (indexError.value === null || index.value === null) return null;
  return (
    <p class="notice" role="alert">
      <span title={indexError.value.message}>{indexError.value.message}</span>
      <button type="button" class="link" onClick={retry}>
        Try again
      </button>
    </p>
  );
}

/** The list is that of before. */
function Old() {
  if (!isListingOld.value) return null;
  const text = "The log directory does not answer. What is listed is from before.";
  return (
    <p class="notice" role="status">
      <span title={text}>{text}</span>
    </p>
  );
}

/** A link leads to what is not here. */
function Missing() {
  const text = missing.value;
  if (text === null) return null;
  return (
    <p class="notice" role="status">
      <span title={text}>{text}</span>
      <button type="button" class="link" onClick={forgetAsked}>
        Close
      </button>
    </p>
  );
}

export function App(props: AppProps) {
  const opened = useSignal(false);
  const folded = standsAlone.value || frameWidth.value < FOLD_WIDTH;
  const present = views.find(({ id }) => id === view.value) ?? views[0]!;
  const logged = steps.value.length > 0;
  const loading = index.value === null && indexError.value === null;
  const menu = useRef<HTMLButtonElement>(null);
  const close = (): void => {
    opened.value = false;
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || event.defaultPrevented || !folded || !opened.value) return;
    close();
    menu.current?.focus();
  };
  return (
    <div class={folded ? "app folded" : "app"} onKeyDown={onKey}>
      {(!folded || opened.value) && <LeftPane display={logged ? present.display : undefined} />}
      {folded && opened.value && <div class="pane-curtain" onClick={close} />}
      <header class="toolbar">
        {folded && (
          <button
            ref={menu}
            type="button"
            class="menu"
            aria-label="Runs, probes and display"
            aria-expanded={opened.value}
            aria-controls="attn-pane"
            onClick={() => (opened.value = !opened.value)}
          >
            <MenuIcon />
          </button>
        )}
        <ViewTabs
          tabs={views.filter(({ id }) => standaloneViews.value?.includes(id) ?? true)}
          selected={present.id}
        />
        <Unreachable retry={props.retry} />
        <Old />
        <Missing />
        {logged && standaloneViews.value === null && <ToolButtons />}
        {logged && <ExportMenu file={standaloneViews.value === null ? props.file : null} />}
        {logged && standaloneViews.value === null && (
          <CopyButton class="action" name="Copy link" text={props.link} />
        )}
      </header>
      {logged && !standsAlone.value && <StepBar />}
      {loading && <div class="step-bar" />}
      {logged && standaloneViews.value === null && <FirstVisit />}
      <div
        class="content"
        id="attn-view"
        role="tabpanel"
        aria-labelledby={`attn-tab-${present.id}`}
      >
        <Content present={present} {...props} />
      </div>
    </div>
  );
}
