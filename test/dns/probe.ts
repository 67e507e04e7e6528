/** Small things that a program in a container does with sockets; prints what came of it. */
import { random, seed } from "../seeded-random.ts";

const [what, ...args] = process.argv.slice(2);
const WAIT_MS = 400;

/** The answer as hexadecimal digits, "silence", or the error's code. */
async function ask(message: Buffer, address: string, port: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = await Bun.udpSocket({ connect: { hostname: address, port }, socket: { data: (_socket, bytes) => resolve(bytes.toString("hex")), error: (...told: unknown[]) => resolve(told.map((part) => (part as { code?: string }).code).find(Boolean) ?? "error") } });
  socket.send(message);
  const silence = setTimeout(() => resolve("silence"), WAIT_MS);
  const result = await promise;
  clearTimeout(silence);
  socket.close();
  return result;
}

/** Sends bytes over TCP and gives what comes until the other end closes or is silent. */
async function askOverTCP(parts: readonly Buffer[]): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const received: Buffer[] = [];
  const socket = await Bun.connect({ hostname: "127.0.0.11", port: 53, socket: { data: (_socket, bytes) => void received.push(bytes), close: () => resolve(), error: () => resolve() } });
  for (const part of parts) {
    socket.write(part);
    await new Promise((next) => setImmediate(next));
  }
  const silence = setTimeout(resolve, WAIT_MS);
  await promise;
  clearTimeout(silence);
  socket.terminate();
  return Buffer.concat(received);
}

const query = (name: string, type = 1, id = 7): Buffer => {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(id, 0);
  head.writeUInt16BE(0x0100, 2);
  head.writeUInt16BE(1, 4);
  return Buffer.concat([head, ...name.split(".").map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)])), Buffer.of(0, type >> 8, type & 0xff, 0, 1)]);
};

const framed = (message: Buffer): Buffer => Buffer.concat([Buffer.of(message.length >> 8, message.length & 0xff), message]);

switch (what) {
  case "ask":
    console.log(await ask(query(args[0] ?? "", Number(args[1] ?? 1)), "127.0.0.11", 53));
    break;
  case "raw":
    console.log(await ask(Buffer.from(args[0] ?? "", "hex"), "127.0.0.11", 53));
    break;
  case "send":
    console.log(await ask(Buffer.from("hello"), args[0] ?? "", Number(args[1])));
    break;
  case "echo":
    await Bun.udpSocket({ hostname: args[0] ?? "", port: Number(args[1]), socket: { data: (socket, bytes, port, address) => void socket.send(bytes, port, address) } });
    console.log("ready");
    break;
  case "byte-by-byte":
    console.log((await askOverTCP([...framed(query("web"))].map((byte) => Buffer.of(byte)))).toString("hex"));
    break;
  case "pipelined":
    console.log((await askOverTCP([Buffer.concat([framed(query("web", 1, 1)), framed(query("web", 28, 2)), framed(query("web", 1, 3))])])).toString("hex"));
    break;
  case "garbage": {
    const valid = query("web");
    const socket = await Bun.udpSocket({ connect: { hostname: "127.0.0.11", port: 53 }, socket: { error: () => undefined } });
    for (let i = 0; i < 3000; i++) {
      const bytes = i % 2 === 0 ? Buffer.from(Array.from({ length: random(600) }, () => random(256))) : Buffer.from(valid);
      for (let flips = 0; flips < 3 && bytes.length > 0; flips++) bytes[random(bytes.length)] = random(256);
      socket.send(bytes);
      if (i % 600 === 0) await askOverTCP([bytes.length > 0 ? bytes : Buffer.of(0)].map((part) => part.subarray(0, 3 + (i % 7))));
    }
    socket.close();
    // A full receive buffer drops packets: clients ask again.
    let answer = "silence";
    for (let tries = 0; tries < 10 && answer === "silence"; tries++) answer = await ask(valid, "127.0.0.11", 53);
    console.log(`seed ${seed}: ${answer}`);
    break;
  }
}
if (what !== "echo") process.exit(0);
