import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { expect, it } from "vitest";

const LEAST = 11;
const source = fileURLToPath(new URL("../src/", import.meta.url));
const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) =>
  /\.(css|tsx?)$/.test(name),
);

/** `font: 500 12px/16px …`, `font-size: 12px`, and what a canvas writes with: `"12px Roboto"`. */
const sizes = /(?:font(?:-size)?:\s*(?:\w+ )?|")(\d+(?:\.\d+)?)px(?:[/;]| Roboto)/g;

it("no text is smaller than 11 px", () => {
  const found = files.flatMap((name) =>
    [...readFileSync(`${source}${name}`, "utf8").matchAll(sizes)].map((match) => ({
      name,
      size: Number(match[1]),
    })),
  );
  expect(found.length).toBeGreaterThan(100);
  expect(found.filter(({ size }) => size > 0 && size < LEAST)).toEqual([]);
});
