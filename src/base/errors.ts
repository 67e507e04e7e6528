/** The closed set of failures a caller may act on. The transport maps each to one HTTP status. */
export type ErrorKind =
  | "InvalidParameter" // 400
  | "Unauthorized" // 401
  | "Forbidden" // 403
  | "NotFound" // 404
  | "Conflict" // 409
  | "TooLarge" // 413
  | "System" // 500: ours or the kernel's fault
  | "NotImplemented" // 501
  | "Unavailable"; // 503: read-only store, shutting down

/**
 * An error whose message is a sentence for the user: what failed, on what, and what to do next
 * (Docker's wording, to the letter, where Docker has one).
 */
export class EngineError extends Error {
  constructor(
    readonly kind: ErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "EngineError";
  }
}

/** What failed first: undoing what had been done may have failed after it, and hides the reason in a SuppressedError. */
export function firstFailure(error: unknown): unknown {
  return error instanceof SuppressedError ? firstFailure(error.suppressed) : error;
}

/** The message of anything that was thrown; of several failures, the first one's. */
export function messageOf(error: unknown): string {
  const first = firstFailure(error);
  return first instanceof Error ? first.message : String(first);
}
