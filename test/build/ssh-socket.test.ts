/** The way from a socket in a step to the client's agent. */
import { expect, test } from "bun:test";
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ByteDuplex } from "../../src/base/mod.ts";
import { listenForAgent } from "../../src/build/ops/ssh-socket.ts";
import { scratchFolder } from "../scratch.ts";
import { duplexPair } from "./duplex-pair.ts";

/** Answers each message in capitals. */
function agent(): ByteDuplex {
  const [here, there] = duplexPair();
  void (async () => {
    for await (const bytes of there.input) await there.write(Buffer.from(Buffer.from(bytes).toString().toUpperCase()));
    there.end();
  })();
  return here;
}

async function ask(path: string, question: string, bytes: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let answer = "";
  const socket = await Bun.connect({
    unix: path,
    socket: {
      data: (_, piece) => {
        answer += piece.toString();
        if (answer.length >= bytes) resolve(answer);
      },
      close: () => resolve(answer),
      error: () => resolve(answer),
    },
  });
  socket.write(question);
  const result = await promise;
  socket.end();
  return result;
}

test("every connection is one of its own to the agent, with the owner and mode that were asked for", async () => {
  const folder = scratchFolder();
  const path = join(folder, "agent");
  let connections = 0;
  {
    using _server = listenForAgent(path, { mode: 0o600, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }, async () => await Promise.resolve((connections++, agent())));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await Promise.all([ask(path, "one", 3), ask(path, "two", 3)])).toEqual(["ONE", "TWO"]);
    expect(connections).toBe(2);
  }
  rmSync(folder, { recursive: true, force: true });
});

test("an agent that is not there closes the connection", async () => {
  const folder = scratchFolder();
  const path = join(folder, "agent");
  {
    using _server = listenForAgent(path, { mode: 0o600, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }, async () => await Promise.resolve(undefined));
    expect(await ask(path, "anybody?", 1)).toBe("");
  }
  rmSync(folder, { recursive: true, force: true });
});

test("a step that sends more than the agent takes is not listened to", async () => {
  const folder = scratchFolder();
  const path = join(folder, "agent");
  let taken = 0;
  const deaf = async (): Promise<ByteDuplex> => await Promise.resolve({ ...agent(), write: (bytes) => ((taken += bytes.length), new Promise<void>(() => undefined)) });
  {
    using _server = listenForAgent(path, { mode: 0o600, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }, deaf);
    const closed = Promise.withResolvers<void>();
    let left = 8 * 1024 * 1024;
    const send = (socket: Bun.Socket): void => {
      for (let written = 1; left > 0 && written > 0; left -= Math.max(0, written)) written = socket.write(Buffer.alloc(Math.min(left, 64 * 1024)));
      if (left <= 0) socket.end();
    };
    await Bun.connect({ unix: path, socket: { open: send, drain: send, data: () => undefined, end: () => closed.resolve(), close: () => closed.resolve(), error: () => closed.resolve() } });
    await closed.promise;
  }
  expect(taken).toBeLessThanOrEqual(1024 * 1024);
  rmSync(folder, { recursive: true, force: true });
});
