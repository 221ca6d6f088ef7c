import { beforeEach, describe, expect, test } from "vitest";
import { LayerWeights } from "../decoding/decode";
import { applyPairs, pairsOfState, placeOf } from "../page/url";
import * as state from "../state";

const norm = Float32Array.of(0, 1);
const weights = new LayerWeights(
  ...([0, 1, 1, 2, "float32", new Float32Array(0), null, Float32Array.of(0.5, 0.5), 0] as const),
  norm,
);

function show(layers: { value_norm_of?: string; weights?: boolean }[], kind = "weights"): void {
  const value = { tag: "p", kind, layers: layers.map((each) => ({ weights: true, ...each })) };
  state.record.value = { status: "ready", value: value as never };
}

beforeEach(() => {
  applyPairs([]);
  state.tag.value = "p";
  state.view.value = "head";
  state.weights.value = { status: "ready", value: weights };
  show([{ value_norm_of: "vWo" }]);
});

const drawn = (): number => state.shown(state.shownWeights.value)!.weight(0, 0, 1);

describe("the switch", () => {
  test("turns what views draw into contributions, everywhere but in the Neuron view", () => {
    expect([drawn(), state.quantityText.value]).toEqual([0.5, "weight"]);
    state.showQuantity("contribution");
    expect([drawn(), state.quantityText.value]).toEqual([1, "contribution (through W_O)"]);
    state.view.value = "neuron";
    expect([drawn(), state.quantityName.value]).toEqual([0.5, "weight"]);
  });

  test.each([
    ["of a layer without lengths", [{ value_norm_of: "v" }, {}], "weights", "Not logged"],
    [
      "of a layer that was left out",
      [{ weights: false }],
      "weights",
      "weights of layer 0 were left",
    ],
    ["of a step with head metrics alone", [{}], "metrics", "Only head metrics"],
  ])("is refused with the reason %s", (_, layers, kind, reason) => {
    state.showQuantity("contribution");
    show(layers, kind);
    expect(state.withoutContribution.value).toContain(reason);
    expect([drawn(), state.quantityName.value]).toEqual([0.5, "weight"]);
  });

  test("says by which length, of the layer and of all", () => {
    state.showQuantity("contribution");
    show([{ value_norm_of: "v" }, { value_norm_of: "vWo" }]);
    expect(state.layerQuantityText.value).toBe("contribution (value alone)");
    expect(state.quantityText.value).toBe("contribution (value alone or through W_O)");
  });

  test("never shows the weights of a record without lengths as contributions", () => {
    state.showQuantity("contribution");
    const { layer, heads, queries, keys, rowMax, values } = weights;
    const bare = new LayerWeights(layer, heads, queries, keys, "float32", rowMax, null, values);
    state.weights.value = { status: "ready", value: bare };
    expect(state.shown(state.shownWeights.value)).toBeUndefined();
    state.weights.value = { status: "loading", previous: bare };
    expect(state.shown(state.shownWeights.value)).toBeUndefined();
  });

  test("stands in the address and is a place that Back returns from", () => {
    const before = placeOf(pairsOfState());
    state.showQuantity("contribution");
    expect(pairsOfState()).toContainEqual(["quantity", "contribution"]);
    expect(placeOf(pairsOfState())).not.toBe(before);
    applyPairs([]);
    expect(state.quantity.value).toBe("weight");
  });
});

describe("metrics with a twin", () => {
  function measure(names: string[]): void {
    const value = {
      names,
      layers: [{ heads: 1 }],
      at: () => 1,
      steps: [0],
      shape: [1, 1, 1, names.length],
    };
    state.series.value = { status: "ready", value: { ...value, evolution: null } as never };
  }

  test("are offered as what is shown", () => {
    measure(["entropy", "induction", "contribution_entropy"]);
    state.cellMetric.value = "entropy";
    expect(state.definedMetrics.value).toEqual(["entropy", "induction"]);
    state.showQuantity("contribution");
    expect(state.definedMetrics.value).toEqual(["contribution_entropy", "induction"]);
    expect(state.shownMetric.value).toBe("contribution_entropy");
    state.cellMetric.value = "contribution_entropy";
    state.showQuantity("weight");
    expect(state.shownMetric.value).toBe("entropy");
  });

  test("stay where the other was not logged", () => {
    measure(["contribution_entropy", "induction"]);
    expect(state.definedMetrics.value).toEqual(["contribution_entropy", "induction"]);
  });
});
