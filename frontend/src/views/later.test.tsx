// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { expect, it, vi } from "vitest";

import { fetchParts, later } from "./later";

let isThere = false;

vi.mock("./on_demand", () => {
  if (!isThere) throw new TypeError("Failed to fetch dynamically imported module");
  return { FindPanel: () => <p>the panel</p>, styles: ".panel { color: red }" };
});

const settled = (): Promise<void> => act(() => new Promise((done) => setTimeout(done, 20)));

it("a part says that it loads, that its code could not be fetched, and stands there once it is", async () => {
  const root = document.createElement("div");
  const Panel = later((parts) => parts.FindPanel);
  await act(() => render(<Panel />, root));
  await settled();
  expect(root.querySelector("[role=alert]")?.textContent).toContain("could not be fetched");
  isThere = true;
  await act(() => root.querySelector("button")!.click());
  expect(root.textContent).toBe("Loading …");
  await settled();
  expect(root.textContent).toBe("the panel");
  fetchParts();
  await settled();
  expect(root.textContent).toBe("the panel");
  expect(document.head.textContent).toBe(".panel { color: red }"); // once
});
