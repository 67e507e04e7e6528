import { EngineError, firstFailure, messageOf, type ErrorKind } from "../base/mod.ts";
import type { HeaderList } from "./http2/hpack.ts";

export const STATUS = { ok: 0, cancelled: 1, unknown: 2, invalid: 3, notFound: 5, exists: 6, denied: 7, unimplemented: 12, internal: 13, unavailable: 14, unauthenticated: 16 } as const;

/** How a call ended at the other side. */
export class CallFailed extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
    this.name = "CallFailed";
  }
}

const STATUS_OF: Readonly<Record<ErrorKind, number>> = {
  InvalidParameter: STATUS.invalid,
  Unauthorized: STATUS.unauthenticated,
  Forbidden: STATUS.denied,
  NotFound: STATUS.notFound,
  Conflict: STATUS.exists,
  TooLarge: STATUS.invalid,
  System: STATUS.unknown,
  NotImplemented: STATUS.unimplemented,
  Unavailable: STATUS.unavailable,
};

/** The last headers of a call. */
export function statusHeaders(error: unknown): HeaderList {
  if (error === undefined) return [["grpc-status", String(STATUS.ok)]];
  const first = firstFailure(error);
  const status = first instanceof EngineError ? STATUS_OF[first.kind] : first instanceof CallFailed ? first.status : STATUS.unknown;
  return [["grpc-status", String(status)], ["grpc-message", escapeMessage(messageOf(first))]];
}

/** @throws CallFailed */
export function checkStatus(trailers: HeaderList | undefined): void {
  const status = Number(headerOf(trailers, "grpc-status") ?? STATUS.unknown);
  if (status !== STATUS.ok) throw new CallFailed(status, unescapeMessage(headerOf(trailers, "grpc-message") ?? "the call failed"));
}

export const headerOf = (list: HeaderList | undefined, name: string): string | undefined => list?.find(([each]) => each === name)?.[1];

function escapeMessage(message: string): string {
  return [...Buffer.from(message)].map((byte) => (byte >= 0x20 && byte < 0x7f && byte !== 0x25 ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)).join("");
}

function unescapeMessage(text: string): string {
  return Buffer.from(text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))), "latin1").toString("utf8");
}
