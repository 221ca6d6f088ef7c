import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { themeStyles } from "../src/draw/theme";

const src = fileURLToPath(new URL("../src/", import.meta.url));
const TABLE = "draw/theme.ts";

const texts = new Map(
  readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(tsx?|css)$/.test(name) && !name.includes(".test."))
    .map((name) => [name, readFileSync(src + name, "utf8")]),
);

/** "#1a2b3c", "rgb(0 0 0", "hsl(…", "color: white" */
const raw =
  /#[0-9a-f]{3,8}\b|\b(rgb|hsl|hwb|lab|lch|oklab|oklch)a?\(\s*[\d.]|:\s*(white|black)\b/gi;

describe("colours", () => {
  it("stand in one table", () => {
    const found = [...texts]
      .filter(([name]) => name !== TABLE)
      .flatMap(([name, text]) => (text.match(raw) ?? []).map((colour) => `${name}: ${colour}`));
    expect(found).toEqual([]);
    expect(texts.get(TABLE)!.match(raw)!.length).toBeGreaterThan(50);
  });

  it("have every custom property that a style asks for", () => {
    const defined = new Set(
      [...[themeStyles(), ...texts.values()].join("\n").matchAll(/(--[a-z][a-z0-9-]*)"?:/g)].map(
        ([, name]) => name,
      ),
    );
    const asked = [...texts].flatMap(([name, text]) =>
      [...text.matchAll(/var\((--[a-z0-9-]+)\)/g)].map(([, property]) => [name, property]),
    );
    expect(asked.length).toBeGreaterThan(100);
    expect(asked.filter(([, property]) => !defined.has(property))).toEqual([]);
  });
});

it("the words of the toolbar have the frame of a button", () => {
  const rule = /\.toolbar \.action \{([^}]*)\}/.exec(texts.get("styles/shell.css")!);
  expect(rule![1]).toMatch(/border: 1px solid/);
});
