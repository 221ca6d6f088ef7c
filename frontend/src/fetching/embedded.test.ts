// @vitest-environment happy-dom

import { describe, expect, test } from "vitest";

import { createApi } from "./api";
import { embeddedFetch, nameOf, readEmbedded } from "./embedded";

const page = {
  state: "#attn&p.attn.view=head",
  views: ["head"],
  answers: { index: { run: {} }, "weights 3": btoa("\x00\xff") },
};

describe("a stand-alone page", () => {
  test("answers what lies in it, whatever run, tag, step and version are named", async () => {
    const fetch = embeddedFetch(page);
    expect(await createApi(fetch).index()).toEqual({ run: {} });
    const weights = await fetch("weights?run=a&tag=b%26layer&step=1&v=2&layer=3");
    expect([...new Uint8Array(await weights.arrayBuffer())]).toEqual([0, 255]);
  });

  test("says of everything else that it is not there", async () => {
    const found = createApi(embeddedFetch(page)).metrics("a", "b");
    await expect(found).rejects.toMatchObject({ status: 404, code: "not_embedded" });
  });

  test("names an answer by route, layer and head", () => {
    expect(nameOf("index")).toBe("index");
    expect(nameOf("vectors?run=a&tag=b&step=0&layer=1&head=2")).toBe("vectors 1 2");
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
