// @vitest-environment happy-dom
import { render } from "preact";
import { expect, it } from "vitest";

import { Meaning, meaningPlace } from "./meaning";

const frame = { width: 900, height: 600 };

it.each([
  { at: { left: 40, top: 100, bottom: 114 }, place: { left: "40px", top: "118px" } },
  { at: { left: 890, top: 100, bottom: 114 }, place: { left: "628px", top: "118px" } },
  { at: { left: 40, top: 560, bottom: 574 }, place: { left: "40px", bottom: "44px" } },
])("stands inside the frame, beside $at", ({ at, place }) => {
  expect(meaningPlace(at, frame)).toEqual({ width: "264px", ...place });
});

it("is said when the keyboard reaches it, until Escape", async () => {
  const root = document.createElement("div");
  document.body.append(root);
  render(<Meaning of="entropy" text="how evenly" />, root);
  const button = root.querySelector("button")!;
  expect(button.getAttribute("aria-label")).toBe("What is entropy?");
  button.dispatchEvent(new FocusEvent("focus"));
  await new Promise((done) => setTimeout(done, 20));
  const words = root.querySelector("[role=tooltip]")!;
  expect([words.textContent, button.getAttribute("aria-describedby")]).toEqual([
    "how evenly",
    words.id,
  ]);
  button.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
  await new Promise((done) => setTimeout(done, 20));
  expect(root.querySelector("[role=tooltip]")).toBeNull();
});
