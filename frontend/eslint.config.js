/** Recommended rules, types known, and the import direction of CONTRIBUTING.md. */

import js from "@eslint/js";
import tseslint from "typescript-eslint";

/** Files matching `files` must not import what `patterns` name; `why` is the message. */
function wall(files, group, why) {
  return {
    files,
    ignores: ["**/*.test.ts", "**/*.test.tsx"],
    rules: {
      "no-restricted-imports": ["error", { patterns: [{ group, message: why }] }],
    },
  };
}

export default tseslint.config(
  { ignores: ["node_modules/", "coverage/"] },
  js.configs.recommended,
  tseslint.configs.strict,
  tseslint.configs.stylistic,
  {
    rules: {
      "@typescript-eslint/no-non-null-assertion": "off", // indices are checked where data enters
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "@typescript-eslint/explicit-module-boundary-types": "error",
      eqeqeq: "error",
      "max-lines": ["error", { max: 450 }],
    },
  },
  {
    files: ["**/*.tsx"],
    rules: { "@typescript-eslint/explicit-module-boundary-types": "off" }, // components return JSX
  },
  wall(
    ["src/state/**"],
    [
      "**/views",
      "**/views/**",
      "**/controls/**",
      "**/draw/**",
      "**/api",
      "**/loading/**",
      "**/host",
      "**/app",
    ],
    "state knows no view, no control, no transport",
  ),
  wall(
    ["src/draw/**"],
    [
      ...["preact", "preact/*", "@preact/*", "**/state", "**/state/**"],
      ...["**/loading/**", "**/views/**", "**/controls/**", "**/api", "**/host", "**/app"],
    ],
    "draw turns typed arrays into pixels, nothing else",
  ),
  wall(
    ["src/views/**", "src/controls/**"],
    ["**/api", "**/loading/**", "**/host", "**/app"],
    "views and controls read state; loading fetches",
  ),
  wall(
    ["src/api.ts"],
    ["**/state", "**/state/**", "**/loading/**", "**/views/**", "**/controls/**", "**/draw/**"],
    "api fetches and decodes",
  ),
  wall(
    ["src/decoding/**"],
    [
      ...[
        "preact",
        "preact/*",
        "@preact/*",
        "**/state",
        "**/state/**",
        "**/api",
        "**/host",
        "**/app",
      ],
      ...["**/loading/**", "**/views/**", "**/controls/**", "**/draw/**"],
    ],
    "decoding turns bytes into typed arrays, nothing else",
  ),
);
