import { EngineError, type ErrorKind } from "../base/mod.ts";

/** The one place where a kind of failure becomes an HTTP status. */
const STATUS: Record<ErrorKind, number> = {
  InvalidParameter: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  Conflict: 409,
  TooLarge: 413,
  System: 500,
  NotImplemented: 501,
  Unavailable: 503,
};

export function statusOf(error: unknown): number {
  return error instanceof EngineError ? STATUS[error.kind] : 500;
}
