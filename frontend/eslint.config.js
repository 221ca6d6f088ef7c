/** Recommended rules, types known, sizes, and the import directions of rooms.js. */

import js from "@eslint/js";
import tseslint from "typescript-eslint";

import { folders, rooms, withoutLibraries } from "./rooms.js";

const tests = ["**/*.test.ts", "**/*.test.tsx"];

/** Imports that go up to one of the names and into it. */
function into(names, message) {
  return names.map((name) => ({ regex: `^(\\.\\./)+${name}(/|$)`, message }));
}

function roomWall(room) {
  const others = Object.keys(rooms).filter((name) => name !== room && !rooms[room].includes(name));
  const libraries = withoutLibraries[room] ?? [];
  return [
    ...into(others, `${room} imports only from: ${rooms[room].join(", ") || "no other room"}`),
    ...libraries.map((name) => ({
      regex: `^${name}(/|$)`,
      message: `${room} knows no page: without ${name}`,
    })),
  ];
}

function folderWall(room, folder) {
  const plan = folders[room];
  const others = Object.keys(plan).filter(
    (name) => name !== folder && !plan[folder].includes(name),
  );
  const allowed = plan[folder].join(", ") || "no other folder of it";
  return [
    ...roomWall(room),
    ...into(others, `${room}/${folder} imports only from: ${allowed}`),
    { regex: "^\\.\\./(index)?$", message: `${room}'s own files stand above its folders` },
  ];
}

function wall(files, patterns) {
  return { files, ignores: tests, rules: { "no-restricted-imports": ["error", { patterns }] } };
}

const filesOf = (room) => (["app", "index"].includes(room) ? `src/${room}.tsx` : `src/${room}/**`);

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
      "max-lines-per-function": ["error", { max: 60 }],
    },
  },
  {
    files: ["**/*.tsx"],
    rules: { "@typescript-eslint/explicit-module-boundary-types": "off" }, // components return JSX
  },
  {
    files: [...tests, "tests/**"],
    rules: { "max-lines-per-function": "off" }, // a describe block, or a fake, is a list of short functions
  },
  Object.keys(rooms).map((room) => wall([filesOf(room)], roomWall(room))),
  Object.entries(folders).flatMap(([room, plan]) =>
    Object.keys(plan).map((folder) => wall([`src/${room}/${folder}/**`], folderWall(room, folder))),
  ),
);
