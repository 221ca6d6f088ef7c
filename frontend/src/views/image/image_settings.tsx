/** How maps over a picture are drawn → controls in the left pane. */

import { Range } from "../../controls/range";
import { Segmented } from "../../controls/segmented";
import { Select } from "../../controls/select";
import {
  between,
  directions,
  isOneList,
  mapDirection,
  mapOpacity,
  mapScale,
  panelNumber,
  panels,
  pictureLook,
  rolloutHeads,
  shownDirection,
  standaloneViews,
  topLook,
  topShare,
  type OverHeads,
} from "../../state";
import { percent } from "../../text/format_number";
import { capital } from "../../text/metric_names";

function Which() {
  if (panels.value.length < 2) return null;
  return (
    <Select
      label="Image"
      value={Math.min(panelNumber.value, panels.value.length - 1)}
      choices={panels.value.map(({ name }, value) => ({ value, name: capital(name) }))}
      onChange={(value) => (panelNumber.value = value)}
    />
  );
}

function Direction() {
  if (directions.value.length < 2) return null;
  return (
    <Segmented
      label="Direction"
      wide
      value={shownDirection.value}
      choices={[
        { value: "keys", name: "Query → image" },
        { value: "queries", name: "Image → key" },
      ]}
      onChange={(value) => (mapDirection.value = value)}
    />
  );
}

export function ImageSettings() {
  return (
    <>
      <Which />
      <Direction />
      <Segmented
        label="Picture below the maps"
        wide
        value={pictureLook.value}
        choices={[
          { value: "dimmed", name: "Dimmed" },
          { value: "full", name: "Full" },
          { value: "off", name: "Off" },
        ]}
        onChange={(value) => (pictureLook.value = value)}
      />
      <Range
        label="Opacity of the map"
        value={mapOpacity.value}
        min={0.1}
        max={1}
        step={0.05}
        format={percent}
        onChange={(value) => (mapOpacity.value = value)}
      />
      <Segmented
        label="Between patches"
        wide
        value={between.value}
        choices={[
          { value: "nearest", name: "Exact" },
          { value: "smooth", name: "Smooth" },
        ]}
        onChange={(value) => (between.value = value)}
      />
      <ScaleSetting />
      <Top />
      <OverLayers />
    </>
  );
}

/** A file holds no rollout: it has one layer's weights at a time. */
function OverLayers() {
  if (!isOneList.value || standaloneViews.value !== null) return null;
  return (
    <Select
      label="Rollout over the layers"
      value={rolloutHeads.value ?? "off"}
      choices={[
        { value: "off", name: "Off" },
        { value: "mean", name: "Mean of the heads" },
        { value: "max", name: "Largest of the heads" },
        { value: "min", name: "Least of the heads" },
      ]}
      onChange={(value) => (rolloutHeads.value = value === "off" ? null : (value as OverHeads))}
    />
  );
}

/** The fewest patches that hold most of the weight. */
function Top() {
  return (
    <>
      <Range
        label="Top of the weight"
        value={topShare.value}
        min={0}
        max={0.95}
        step={0.05}
        format={(value) => (value === 0 ? "off" : percent(value))}
        onChange={(value) => (topShare.value = value)}
      />
      {topShare.value > 0 && (
        <Segmented
          label="The patches that hold it"
          wide
          value={topLook.value}
          choices={[
            { value: "outline", name: "Outline" },
            { value: "mask", name: "Keep alone" },
          ]}
          onChange={(value) => (topLook.value = value)}
        />
      )}
    </>
  );
}

/** Multiples of uniform, the same for every map, or each its own. */
export function ScaleSetting() {
  return (
    <Segmented
      label="Colour scale"
      wide
      value={mapScale.value}
      choices={[
        { value: "uniform", name: "× uniform" },
        { value: "own", name: "Own maximum" },
      ]}
      onChange={(value) => (mapScale.value = value)}
    />
  );
}
