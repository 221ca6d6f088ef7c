import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { folders, rooms } from "../rooms.js";
import { arrowsBetween, fileArrows, floorsOf, type Arrow } from "./import_graph";

const MOST = { rooms: 13, floors: 8, arrows: 38 };

const { files, arrows } = fileArrows(fileURLToPath(new URL("../src/", import.meta.url)));

const roomOf = (file: string): string => file.split("/")[0]!.replace(/\.tsx?$/, "");
/** The room's own loose files stand under its name. */
const folderOf = (file: string): string => file.split("/").slice(0, -1).join("/") || roomOf(file);

const planned = (plan: Readonly<Record<string, readonly string[]>>): string[] =>
  Object.entries(plan).flatMap(([from, names]) => names.map((to) => `${from} → ${to}`));
const spelled = (list: readonly Arrow[]): string[] => list.map(({ from, to }) => `${from} → ${to}`);

describe("the rooms of src/", () => {
  const found = arrowsBetween(arrows, roomOf);
  const names = new Set(files.map(roomOf));

  it("are those of the plan, with its arrows and no others", () => {
    expect([...names].sort()).toEqual(Object.keys(rooms).sort());
    expect(spelled(found).sort()).toEqual(planned(rooms).sort());
  });

  it("are few, on few floors, with few arrows and no circle", () => {
    expect(names.size).toBeLessThanOrEqual(MOST.rooms);
    expect(found.length).toBeLessThanOrEqual(MOST.arrows);
    expect(Math.max(...floorsOf(names, found).values())).toBeLessThanOrEqual(MOST.floors);
  });

  it.each(Object.entries(folders))("%s holds its folders in one order", (room, plan) => {
    const inside = arrowsBetween(arrows, folderOf).filter(
      ({ from, to }) => from.startsWith(`${room}/`) && to.startsWith(`${room}/`),
    );
    const wanted = planned(plan).map((arrow) => arrow.replace(/^|(?<=→ )/g, `${room}/`));
    expect(spelled(inside).sort()).toEqual(wanted.sort());
    const here = files.map(folderOf).filter((name) => name.startsWith(`${room}/`));
    expect([...new Set(here)].sort()).toEqual(
      Object.keys(plan)
        .map((name) => `${room}/${name}`)
        .sort(),
    );
  });
});

it("no files import one another in a circle", () => {
  expect(() => floorsOf(files, arrows)).not.toThrow();
});

it("a circle is found and spelled", () => {
  const circle = [
    { from: "a", to: "b" },
    { from: "b", to: "c" },
    { from: "c", to: "b" },
  ];
  expect(() => floorsOf(["a", "b", "c"], circle)).toThrow("a circle: b → c → b");
});
