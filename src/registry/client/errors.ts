import { EngineError, type ErrorKind } from "../../base/mod.ts";

/** A registry's refusal or failure, in Docker's words. Much of a message comes from the registry: it is cleaned here, once. */
export class RegistryError extends EngineError {
  constructor(
    kind: ErrorKind,
    message: string,
    readonly details: RegistryErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(kind, printable(message), options);
    this.name = "RegistryError";
  }
}

export interface RegistryErrorDetails {
  /** HTTP status, when an answer came. */
  readonly status?: number;
  /** The registry's code, such as MANIFEST_UNKNOWN. */
  readonly code?: string;
  /** Another try may succeed. */
  readonly transient?: boolean;
  /** From Retry-After. */
  readonly retryAfterMs?: number;
}

const MAX_MESSAGE_CHARACTERS = 2048;

/** Nothing that moves a terminal's cursor, colours it or turns its text around. */
export function printable(text: string): string {
  const clean = text.replace(/[^\P{C}\n]/gu, "\ufffd");
  return clean.length > MAX_MESSAGE_CHARACTERS ? `${clean.slice(0, MAX_MESSAGE_CHARACTERS)}…` : clean;
}
