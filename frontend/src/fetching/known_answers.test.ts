import { describe, expect, it } from "vitest";

import { packed } from "../../tests/packed";
import { createApi } from "./api";

const layers = [{ name: "", kind: "self", stack: "", heads: 1 }];

/** An Api, the urls that it asked for, and answers one after the other. */
function answering(...bodies: (ArrayBuffer | string)[]) {
  const urls: string[] = [];
  const api = createApi((url) => {
    urls.push(decodeURIComponent(url));
    return Promise.resolve(new Response(bodies.shift() ?? null));
  });
  return { api, urls };
}

function rows(steps: number[], fields: Record<string, unknown>): ArrayBuffer {
  const data = Float64Array.from(steps);
  return packed(
    {
      values: { data: Float32Array.from(steps), shape: [steps.length, 1, 1, 1] },
      steps: { data },
      wall_times: { data },
      columns: { data },
      parts: { data: new Uint8Array(steps.length) },
    },
    { names: ["entropy"], layers, damaged: [], gone: [], pending: 0, ...fields },
  );
}

function facts(steps: number[], fields: Record<string, unknown>): ArrayBuffer {
  const cell = { data: new Float32Array(1), shape: [1, 1, 1] };
  const shape = [steps.length, 1, 1];
  return packed(
    {
      mark_step: { data: new Float64Array(1), shape: [1, 1, 1] },
      mark_before: cell,
      mark_after: cell,
      mark_noise: cell,
      scales: { data: new Float32Array(1) },
      role_steps: { data: Float64Array.from(steps) },
      roles: { data: Uint8Array.from(steps), shape },
      role_scores: { data: Float32Array.from(steps), shape },
      baseline: { data: new Float32Array(1), shape: [1, 1] },
    },
    { names: ["entropy"], roles: [], untold: [], shape: [], pending: false, ...fields },
  );
}

describe("what is known already", () => {
  it("of the index is not asked for again", async () => {
    const tag = { steps: [1], wall_times: [1], versions: ["a"], kinds: ["weights"] };
    const whole = JSON.stringify({ token: "t1", whole: true, runs: { r: { p: tag } }, gone: {} });
    const none = JSON.stringify({ token: "t2", whole: false, runs: {}, gone: {} });
    const { api, urls } = answering(whole, none, none);
    for (let time = 0; time < 3; time++) expect(await api.index()).toEqual({ r: { p: tag } });
    expect(urls).toEqual(["index?since=", "index?since=t1", "index?since=t2"]);
  });

  it("of a page of its own is an index without a token", async () => {
    const { api } = answering('{"r": {}}');
    expect(await api.index()).toEqual({ r: {} });
  });

  it("of a series stays, and new steps are added; each probe has a token of its own", async () => {
    const { api, urls } = answering(
      rows([1, 2], { token: "s1", whole: true }),
      rows([3], { token: "s2", whole: false }),
      rows([9], { token: "q1", whole: true }),
    );
    await api.metrics("r", "p");
    expect([...(await api.metrics("r", "p")).value.steps]).toEqual([1, 2, 3]);
    expect([...(await api.metrics("r", "q")).value.steps]).toEqual([9]);
    expect(urls.map((url) => url.replace("metrics?run=r&", ""))).toEqual([
      "tag=p&width=512&since=",
      "tag=p&width=512&since=s1",
      "tag=q&width=512&since=",
    ]);
  });

  it("of marks and roles stays; what is being worked out is asked for again", async () => {
    const { api, urls } = answering(
      packed({}, { pending: true }),
      facts([0, 10], { token: "f1", up_to: 10, roles_from: 0 }),
      facts([20], { token: "f2", up_to: 20, roles_from: 2 }),
      packed({}, { token: "f2", up_to: 20, pending: false, unchanged: true }),
    );
    const at = { run: "r", tag: "p" };
    expect((await api.evolutionFacts(at))?.upTo).toBe(10);
    const later = await api.evolutionFacts(at);
    expect([...later!.roleSteps]).toEqual([0, 10, 20]);
    expect([...later!.roles]).toEqual([0, 10, 20]);
    expect(await api.evolutionFacts(at)).toEqual(later);
    expect(urls.map((url) => url.split("since=")[1])).toEqual(["", "", "f1", "f2"]);
  });

  it("many probes are one request, each named once", async () => {
    const { api, urls } = answering('{"texts": {}, "missing": {}, "left": []}');
    await api.texts("r", ["a,b", "c"]);
    expect(urls).toEqual(["texts?run=r&tags=a,b&tags=c"]);
  });
});
