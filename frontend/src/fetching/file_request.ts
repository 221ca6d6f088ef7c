/** A record, a view and the state → the file that the server makes of them. */

import type { FileFormat } from "../decoding/answers";
import type { RecordAddress } from "./api";

export interface WantedFile {
  format: FileFormat;
  /** What a stand-alone page opens with. */
  view: string;
  state: string;
}

type Fetch = (url: string) => Promise<Response>;

const types: Record<FileFormat, string> = { html: "text/html", npz: "application/zip" };

export async function requestFile(
  fetch: Fetch,
  { run, tag, step, version }: RecordAddress,
  wanted: WantedFile,
): Promise<Blob> {
  const query = new URLSearchParams({ run, tag, step: String(step), ...wanted });
  if (version !== null) query.set("v", version);
  const response = await fetch(`export?${query.toString()}`);
  if (response.ok) return new Blob([await response.arrayBuffer()], { type: types[wanted.format] });
  const told = (await response.json().catch(() => null)) as { error?: { message?: string } } | null;
  throw new Error(told?.error?.message ?? `TensorBoard answers ${response.status}`);
}
