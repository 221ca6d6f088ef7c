/** Run and probe in the step bar; where the left pane is folded away, the menu to choose them from. */

import {
  FOLD_WIDTH,
  frameWidth,
  index,
  compareNames,
  letterOf,
  run,
  runPrefix,
  runs,
  selectPlace,
  tag,
  visibleRuns,
} from "../state";
import { middleSplit } from "../text/name_filter";
import { DownIcon } from "./icons";
import { MenuButton } from "./menu";
import { RunDot } from "./run_list";

function Place({ run, tag }: { run: string | null; tag: string | null }) {
  const isShort = run !== null && runPrefix.value !== "" && run.startsWith(runPrefix.value);
  const [start, end] = middleSplit(isShort ? run.slice(runPrefix.value.length) : (run ?? ""));
  return (
    <>
      {run !== null && <RunDot name={run} letter={letterOf(run)} />}
      <span class="place-names">
        <bdi>
          {isShort && <span class="name-shared">{runPrefix.value}</span>}
          {end === "" ? start : <span class="place-start">{start}</span>}
          {end !== "" && <span class="place-end">{end}</span>}
        </bdi>
        <span class="place-slash"> / </span>
        <bdi>{tag}</bdi>
      </span>
    </>
  );
}

interface Option {
  run: string;
  tag: string;
}

function options(): Option[] {
  return runs.value
    .filter((name) => visibleRuns.value.has(name))
    .flatMap((name) =>
      Object.keys(index.value?.[name] ?? {})
        .sort(compareNames)
        .map((each) => ({ run: name, tag: each })),
    );
}

function items(close: () => void) {
  return options().map((option) => (
    <button
      key={`${option.run}\n${option.tag}`}
      type="button"
      role="menuitemradio"
      aria-checked={option.run === run.value && option.tag === tag.value}
      title={`${option.run} / ${option.tag}`}
      onClick={() => {
        selectPlace(option.run, option.tag);
        close();
      }}
    >
      <Place {...option} />
    </button>
  ));
}

const classes = { whole: "place-whole", button: "place", menu: "place-menu" };

export function PlaceMenu() {
  const title = `${run.value ?? ""} / ${tag.value ?? ""}`;
  const present = <Place run={run.value} tag={tag.value} />;
  if (frameWidth.value >= FOLD_WIDTH)
    return (
      <div class="place" title={title}>
        {present}
      </div>
    );
  const content = (
    <>
      {present}
      <DownIcon />
    </>
  );
  return <MenuButton {...{ classes, title, content, items }} label="Run and probe" />;
}
