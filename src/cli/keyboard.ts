import type { Connection } from "../client/mod.ts";
import { DetachKeys, parseDetachKeys } from "./detach-keys.ts";
import { copyInput } from "./session.ts";
import { followSize, rawTerminal, stdinIsTerminal } from "./terminal.ts";

export interface Keyboard {
  followSize(): void;
  /** Resolves with true when the user has typed the detach keys; never otherwise. */
  readonly detached: Promise<true>;
  restore(): void;
}

export interface KeyboardOptions {
  readonly stdin: boolean;
  readonly detachKeys: string | undefined;
  readonly resize: (rows: number, columns: number) => Promise<unknown>;
}

/** Our terminal, raw, as the container's. */
export function openKeyboard(connection: Connection, options: KeyboardOptions): Keyboard {
  const detached = Promise.withResolvers<true>();
  const raw = options.stdin && stdinIsTerminal() ? rawTerminal() : undefined;
  let stopSize: (() => void) | undefined;
  if (options.stdin && raw) readKeys(connection, options.detachKeys, () => detached.resolve(true));
  else if (options.stdin) copyInput(connection).catch(() => connection.endWriting());
  return {
    followSize: () => void (stopSize ??= followSize(options.resize)),
    detached: detached.promise,
    restore() {
      stopSize?.();
      raw?.restore();
    },
  };
}

function readKeys(connection: Connection, keys: string | undefined, detach: () => void): void {
  const filter = new DetachKeys(parseDetachKeys(keys));
  let sending = Promise.resolve(true);
  process.stdin.on("data", (chunk: Uint8Array) => {
    const { bytes, detached } = filter.push(chunk);
    if (bytes.length > 0) sending = sending.then(() => connection.write(bytes));
    if (detached) detach();
  });
  process.stdin.on("end", () => connection.endWriting());
}
