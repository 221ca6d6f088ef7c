/** A record, a view and the state → the stand-alone page that the server makes of them. */

import type { RecordAddress } from "./api";

type Fetch = (url: string) => Promise<Response>;

export async function requestPage(
  fetch: Fetch,
  { run, tag, step, version }: RecordAddress,
  view: string,
  state: string,
): Promise<Blob> {
  const query = new URLSearchParams({ run, tag, step: String(step), view, state });
  if (version !== null) query.set("v", version);
  const response = await fetch(`export?${query.toString()}`);
  if (response.ok) return new Blob([await response.arrayBuffer()], { type: "text/html" });
  const told = (await response.json().catch(() => null)) as { error?: { message?: string } } | null;
  throw new Error(told?.error?.message ?? `TensorBoard answers ${response.status}`);
}
