/** A record, a view and the state → the file that the server makes of them. */

import type { FileFormat } from "../decoding/answers";
import type { RecordAddress } from "./api";

export interface WantedFile {
  format: FileFormat;
  /** What a stand-alone page opens with. */
  view: string;
  state: string;
  /** Record A of the comparison that the page is to hold. */
  compared: { run: string; tag: string; step: number } | null;
  scalar: string | null;
}

type Fetch = (url: string) => Promise<Response>;

const types: Record<FileFormat, string> = { html: "text/html", npz: "application/zip" };

export async function requestFile(
  fetch: Fetch,
  { run, tag, step, version }: RecordAddress,
  wanted: WantedFile,
): Promise<Blob> {
  const { format, view, state, compared, scalar } = wanted;
  const query = new URLSearchParams({ run, tag, step: String(step), format, view, state });
  if (scalar !== null) query.set("scalar", scalar);
  if (compared !== null) {
    query.set("run_a", compared.run);
    query.set("tag_a", compared.tag);
    query.set("step_a", String(compared.step));
  }
  if (version !== null) query.set("v", version);
  const response = await fetch(`export?${query.toString()}`);
  if (response.ok) return new Blob([await response.arrayBuffer()], { type: types[format] });
  const told = (await response.json().catch(() => null)) as { error?: { message?: string } } | null;
  throw new Error(told?.error?.message ?? `TensorBoard answers ${response.status}`);
}
