import { expect, test } from "bun:test";
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
