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
