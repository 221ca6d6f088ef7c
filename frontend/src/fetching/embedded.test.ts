// @vitest-environment happy-dom

import { describe, expect, test } from "vitest";

import { createApi } from "./api";
import { embeddedFetch, nameOf, readEmbedded, type Embedded } from "./embedded";

const page: Embedded = {
  state: "#attn&p.attn.view=head",
  views: ["head"],
  answers: {
    index: { run: {} },
    "weights 3": btoa("\x00\xff"),
    record: { step: 1 },
    "step 4 weights 0": "",
  },
  place: { run: "a", tag: "b&layer", step: 1 },
  compared: { run: "c", tag: "b&layer", step: 0 },
  steps: [3, 3],
};

describe("a stand-alone page", () => {
  test("answers what lies in it, whatever version is named", async () => {
    const fetch = embeddedFetch(page);
    expect(await createApi(fetch).index()).toEqual({ run: {} });
    const weights = await fetch("weights?run=a&tag=b%26layer&step=1&v=2&layer=3");
    expect([...new Uint8Array(await weights.arrayBuffer())]).toEqual([0, 255]);
  });

  test("says of everything else that it is not there", async () => {
    const found = createApi(embeddedFetch(page)).metrics("a", "b");
    await expect(found).rejects.toMatchObject({ status: 404, code: "not_embedded" });
  });

  const names: [string, string | null][] = [
    ["index", "index"],
    ["index?since=", "index"],
    ["metrics?run=a&tag=b%26layer&width=512&since=", "metrics"],
    ["metrics?run=a&tag=b%26layer&evolution=only&since=", "metrics"],
    ["metrics?run=a&tag=b%26layer&steps=3", null],
    ["vectors?run=a&tag=b%26layer&step=1&layer=1&head=2", "vectors 1 2"],
    ["weights?run=c&tag=b%26layer&step=0&layer=1&v=x", "compared weights 1"],
    ["weights?run=a&tag=b%26layer&step=0&layer=1", null],
    ["weights?run=a&tag=b%26layer&step=4&layer=0&v=9", "step 4 weights 0"],
    ["weights?run=a&tag=b%26layer&step=4&layer=1", null],
    ["weights?run=c&tag=b%26layer&step=4&layer=0", null],
    ["metrics?run=a&tag=b%26layer&evolution=1&values=entropy", "metrics"],
    ["metrics?run=c&tag=b%26layer", null],
    ["metrics?run=a&tag=b%26layer&evolution=1&entropy=0.2", null],
    ["compare?run=c&tag=b%26layer&step=0&run_b=a&tag_b=b%26layer&step_b=1&v_b=7", "compare"],
    ["compare?run=a&tag=b%26layer&step=0&run_b=a&tag_b=b%26layer&step_b=1", null],
    ["find?run=a&tag=b%26layer&steps=1&template=first", null],
    ["scalars?run=a", "scalars"],
    ["scalars?run=a&tag=train%2Floss", "scalars train/loss"],
  ];

  test.each(names)("has for %s the answer %s", (url, name) => {
    expect(nameOf(url, page)).toBe(name);
  });

  test("has tokens and layers for steps of which it holds the metrics alone", async () => {
    const api = createApi(embeddedFetch(page));
    const at = { run: "a", tag: "b&layer", version: null };
    expect((await api.record({ ...at, step: 5 })).value.step).toBe(5);
    await expect(api.weights({ ...at, step: 5 }, 3, null)).rejects.toMatchObject({ status: 404 });
  });

  test("is known by the element that holds its data", () => {
    document.body.innerHTML = "";
    expect(readEmbedded(document)).toBeNull();
    const element = document.createElement("script");
    element.type = "application/json";
    element.id = "attn-embedded";
    element.textContent = JSON.stringify(page);
    document.body.append(element);
    expect(readEmbedded(document)).toEqual(page);
  });
});
