import type { Connection } from "../../client/mod.ts";
import { copyInput, copyOutput } from "../session.ts";

export interface TalkOptions {
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly detachKeys: string | undefined;
  readonly resize: (rows: number, columns: number) => Promise<unknown>;
}

export interface Talk {
  /** The process runs: a terminal's size can be told from now on. */
  started(): void;
  /** The container has said its last word (false), or the user has detached (true). */
  readonly finished: Promise<boolean>;
  /** Gives the terminal back as it was; idempotent. */
  restore(): void;
}

/** Joins our standard streams with an attached container or exec. */
export function talk(connection: Connection, options: TalkOptions): Talk {
  const output = copyOutput(connection, options.tty).then(() => false);
  if (options.tty) return talkInTerminal(connection, options, output);
  // Its end is not waited for: a container may end while nobody types.
  if (options.stdin) copyInput(connection).catch(() => connection.endWriting());
  return { started: () => undefined, finished: output, restore: () => undefined };
}

/** The terminal's module is loaded only when there is one; until then keys wait in the terminal's queue. */
function talkInTerminal(connection: Connection, options: TalkOptions, output: Promise<boolean>): Talk {
  const loaded = import("../keyboard.ts").then(({ openKeyboard }) => openKeyboard(connection, options));
  // Awaited below, once the container runs.
  loaded.catch(() => undefined);
  return {
    started: () => void loaded.then((keyboard) => keyboard.followSize(), () => undefined),
    finished: loaded.then((keyboard) => Promise.race([output, keyboard.detached])),
    restore: () => void loaded.then((keyboard) => keyboard.restore(), () => undefined),
  };
}
