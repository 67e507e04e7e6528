/**
 * A program in a container's network that asks 127.0.0.11 for a name and prints microseconds, or lookups per second.
 * `lookups.ts <name> <count> p50|p99|rate`
 */
const [name = "", countText = "1000", figure = "p50"] = process.argv.slice(2);
const count = Number(countText);
const IN_FLIGHT = 16;
const WARM_UP = 300;

const question = Buffer.concat([Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), Buffer.of(name.length), Buffer.from(name), Buffer.from([0, 0, 1, 0, 1])]);
let answered: (() => void) | undefined;
const socket = await Bun.udpSocket({
  connect: { hostname: "127.0.0.11", port: 53 },
  socket: {
    data: (_socket, bytes) => {
      if (bytes.readUInt16BE(6) === 0) throw new Error(`no address for ${name}`);
      answered?.();
    },
  },
});

async function oneAtATime(): Promise<number[]> {
  const samples: number[] = [];
  for (let i = 0; i < count + WARM_UP; i++) {
    const begin = performance.now();
    await new Promise<void>((resolve) => {
      answered = resolve;
      socket.send(question);
    });
    if (i >= WARM_UP) samples.push((performance.now() - begin) * 1000);
  }
  return samples.sort((a, b) => a - b);
}

async function perSecond(): Promise<number> {
  let [sent, got] = [0, 0];
  const begin = performance.now();
  await new Promise<void>((resolve) => {
    answered = () => {
      if (++got === count) resolve();
      else if (sent < count) sent++, socket.send(question);
    };
    for (; sent < IN_FLIGHT; sent++) socket.send(question);
  });
  return (count / (performance.now() - begin)) * 1000;
}

if (figure === "rate") console.log(await perSecond());
else {
  const samples = await oneAtATime();
  console.log(samples[Math.floor(samples.length * (figure === "p99" ? 0.99 : 0.5))]);
}
process.exit(0);

export {};
