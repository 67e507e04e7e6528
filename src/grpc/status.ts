import { EngineError, firstFailure, messageOf, type ErrorKind } from "../base/mod.ts";
import type { HeaderList } from "./http2/hpack.ts";
import { MessageWriter } from "./protobuf.ts";

const MAX_MESSAGE_CHARACTERS = 8192;

export const STATUS = { ok: 0, cancelled: 1, unknown: 2, invalid: 3, notFound: 5, exists: 6, denied: 7, unimplemented: 12, internal: 13, unavailable: 14, unauthenticated: 16 } as const;

/** What a failure is about, for whoever knows its type: JSON under a name with a slash. */
export interface FailureDetail {
  readonly type: string;
  readonly json: unknown;
}

/** How a call ended, at the other side or here. */
export class CallFailed extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly details: readonly FailureDetail[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options);
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
  const plain: HeaderList = [["grpc-status", String(status)], ["grpc-message", escapeMessage(messageOf(first).slice(0, MAX_MESSAGE_CHARACTERS))]];
  return first instanceof CallFailed && first.details.length > 0 ? [...plain, ["grpc-status-details-bin", Buffer.from(statusMessage(first)).toString("base64")]] : plain;
}

/** google.rpc.Status */
export function statusMessage({ status, message, details }: CallFailed): Uint8Array {
  const whole = new MessageWriter().number(1, status).text(2, message.slice(0, MAX_MESSAGE_CHARACTERS));
  for (const { type, json } of details) whole.message(3, new MessageWriter().text(1, type).text(2, JSON.stringify(json)));
  return whole.finish();
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
