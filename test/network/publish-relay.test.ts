import { expect, test } from "bun:test";
import { relayDatagrams } from "../../src/network/publish-relay-udp.ts";
import { relayPort } from "../../src/network/publish-relay.ts";

/** Connects, says something and gives what comes back; "" when it is hung up on. */
async function ask(port: number): Promise<{ answer: string; close: () => void }> {
  const answered = Promise.withResolvers<string>();
  const socket = await Bun.connect({ hostname: "::1", port, socket: { data: (_socket, bytes) => answered.resolve(bytes.toString()), close: () => answered.resolve(""), error: () => answered.resolve("") } });
  socket.write("hello");
  return { answer: await answered.promise, close: () => void socket.end() };
}

test("a relayed port takes so many connections at once, and others when these have ended", async () => {
  const closed = Promise.withResolvers<void>();
  const container = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: (socket, bytes) => void socket.write(bytes), close: () => closed.resolve() } });
  const free = Bun.listen({ hostname: "::1", port: 0, socket: { data: () => undefined } });
  const { port } = free;
  free.stop(true);
  const relay = relayPort("::1", port, { address: "127.0.0.1", port: container.port }, 2);
  try {
    const [one, two] = [await ask(port), await ask(port)];
    expect([one.answer, two.answer, (await ask(port)).answer]).toEqual(["hello", "hello", ""]);
    one.close();
    await closed.promise;
    let again = "";
    while (again === "") again = (await ask(port)).answer;
    expect(again).toBe("hello");
  } finally {
    relay.release();
    container.stop(true);
  }
});

test("a relayed UDP port serves so many clients at once, and others when these have been silent", async () => {
  const container = await Bun.udpSocket({ hostname: "127.0.0.1", socket: { data: (socket, bytes, port, address) => void socket.send(bytes, port, address) } });
  const free = await Bun.udpSocket({ hostname: "::1", socket: {} });
  const { port } = free;
  free.close();
  const relay = relayDatagrams("::1", port, { address: "127.0.0.1", port: container.port }, { maxClients: 2, idleMs: 30, sweepMs: 5 });
  const answers: string[] = [];
  const client = async (name: string): Promise<{ say(): void; heard: Promise<void>; close(): void }> => {
    const heard = Promise.withResolvers<void>();
    const socket = await Bun.udpSocket({ hostname: "::1", connect: { hostname: "::1", port }, socket: { data: (_socket, bytes) => (answers.push(bytes.toString()), heard.resolve()) } });
    return { say: () => void socket.send(name), heard: heard.promise, close: () => socket.close() };
  };
  const clients = [await client("one"), await client("two"), await client("three")];
  try {
    for (const one of clients.slice(0, 2)) {
      one.say();
      await one.heard;
    }
    // The third asks until a place is free: the others say nothing more.
    const asking = setInterval(() => clients[2]?.say(), 5);
    await clients[2]?.heard;
    clearInterval(asking);
    expect(answers.slice(0, 3)).toEqual(["one", "two", "three"]);
    expect(() => relayDatagrams("::1", port, { address: "127.0.0.1", port: container.port })).toThrow("EADDRINUSE");
  } finally {
    relay.release();
    for (const one of clients) one.close();
    container.close();
  }
});
