import { resizeContainer, startContainer, type Client, type Connection, type WaitResult } from "../../client/mod.ts";
import { Failure } from "../failure.ts";
import { talk } from "./talk.ts";

export interface AttachedContainer {
  readonly connection: Connection;
  readonly wait: Promise<WaitResult>;
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly detachKeys?: string | undefined;
  /** Called once it runs. */
  readonly started?: () => void;
}

/** Starts a container that is attached already, and stays with it. @returns its exit code; 0 when the user has left it */
export async function startJoined(client: Client, id: string, { connection, wait, tty, stdin, detachKeys, started }: AttachedContainer): Promise<number> {
  const session = talk(connection, { tty, stdin, detachKeys, resize: (rows, columns) => resizeContainer(client, id, rows, columns) });
  try {
    await startContainer(client, id, detachKeys);
    session.started();
    started?.();
    if (await session.finished) return 0;
  } finally {
    session.restore();
  }
  return codeOf(await wait);
}

/** @throws Failure where the engine could not wait to the end */
export function codeOf({ StatusCode, Error: failure }: WaitResult): number {
  if (failure?.Message) throw new Failure(failure.Message, 125);
  return StatusCode;
}
