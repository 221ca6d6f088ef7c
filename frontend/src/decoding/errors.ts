/** What went wrong with a request → one typed error. */

export interface ApiErrorDetails {
  /** Of a damaged file: where it is, below the log directory, and what is wrong with it. */
  path?: string;
  reason?: string;
  /** Of a version that is gone: the one that is there now. */
  version?: string;
  [field: string]: unknown;
}

/**
 * A request that brought no usable answer.
 *
 * status 0: no answer at all (code "unreachable") or one that cannot be decoded (code "undecodable").
 */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: ApiErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "ApiError";
  }

  /** The file itself is broken, in the server's eyes or in ours. */
  get damaged(): boolean {
    return this.status === 422 || this.code === "undecodable";
  }

  /** A store does not answer now, or the server has no descriptors left; it says nothing of the file. */
  get passing(): boolean {
    return this.status === 503;
  }
}
