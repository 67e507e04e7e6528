import { lstatSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { EngineError } from "../base/mod.ts";

/** The kernel's limit (unix(7), sun_path), without the final zero. */
const MAX_PATH_BYTES = 107;

/**
 * Makes a socket's path free to listen on: what an engine that was killed left there goes away.
 * @throws EngineError when another engine listens, or something else lies there
 */
export async function claimSocketPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    throw new EngineError("InvalidParameter", `the socket's path is longer than the ${MAX_PATH_BYTES} bytes Linux allows: ${path}`);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket()) throw new EngineError("Conflict", `cannot listen on ${path}: it exists and is not a socket`);
  if (await answers(path)) throw new EngineError("Conflict", `cannot listen on ${path}: another engine listens there; stop it, or choose another socket with -H`);
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const settle = (alive: boolean): void => {
      socket.destroy();
      resolve(alive);
    };
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(false));
  });
}
