// @vitest-environment happy-dom
import { batch } from "@preact/signals";
import { render } from "preact";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ApiError, index, record, run, series, step, tag, thumbnails } from "../../state";
import { StepProblem } from "./step_problem";

const path = "skewed/plugins/attn/doctor%2Fshe/000000000060.safetensors";
const reason = "the file is shorter than its header says: 41216 of 98304 bytes";
const root = document.createElement("div");

function fail(error: ApiError): void {
  batch(() => {
    record.value = { status: "error", error };
    thumbnails.value = { status: "error", error };
  });
  render(<StepProblem />, root);
}

beforeEach(() => {
  const steps = [0, 56, 60, 64];
  const entry = { steps, wall_times: steps, versions: ["a", "b", "c", "d"], kinds: [] };
  index.value = { skewed: { "doctor/she": entry } };
  run.value = "skewed";
  tag.value = "doctor/she";
  step.value = 60;
  series.value = { status: "idle" };
});
afterEach(() => render(null, root));

it("says what is wrong, what is whole, where to go and which file it is", () => {
  fail(new ApiError(422, "damaged", "step 60 is damaged", { path, reason }));
  const text = root.textContent;
  expect(text).toContain("Step 60 cannot be read");
  expect(text).toContain("The file is shorter than its header says");
  expect(text).toContain("The other 3 steps of doctor/she are whole.");
  expect(text).toContain(path);
});

it("goes to the next whole step", () => {
  fail(new ApiError(422, "damaged", "step 60 is damaged", { path, reason }));
  const links = [...root.querySelectorAll("button")];
  links.find((link) => link.textContent === "Step 64")!.click();
  expect(step.value).toBe(64);
});

it("shows the server's message when the file itself is not at fault", () => {
  fail(new ApiError(404, "not_found", "no attention recorded for step 60"));
  expect(root.textContent).toContain("Step 60 cannot be shown");
  expect(root.textContent).toContain("No attention recorded for step 60.");
  expect(root.textContent).not.toContain("To repair it");
});
