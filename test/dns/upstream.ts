/** A name server of the world outside, with its moods: what it does depends on the name it is asked for. Port 53 on every address; `--log` prints what it is asked for. */

const header = (query: Buffer, flags: number, answers: number): Buffer => {
  const end = questionEnd(query);
  const bytes = Buffer.concat([query.subarray(0, end)]);
  bytes.writeUInt16BE(0x8180 | flags, 2);
  bytes.writeUInt32BE((answers << 16) >>> 0, 6);
  bytes.writeUInt16BE(0, 10);
  return bytes;
};

function questionEnd(query: Buffer): number {
  let at = 12;
  while ((query[at] ?? 0) !== 0) at += 1 + (query[at] ?? 0);
  return at + 5;
}

const nameOf = (query: Buffer): string => {
  const labels: string[] = [];
  for (let at = 12; (query[at] ?? 0) !== 0; at += 1 + (query[at] ?? 0)) labels.push(query.toString("latin1", at + 1, at + 1 + (query[at] ?? 0)));
  return labels.join(".").toLowerCase();
};

const record = (address: readonly number[]): Buffer => Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address]);
const good = (query: Buffer, last = 7): Buffer => Buffer.concat([header(query, 0, 1), record([203, 0, 113, last])]);
const many = (query: Buffer, count: number): Buffer => Buffer.concat([header(query, 0, count), ...Array.from({ length: count }, (_, index) => record([203, 0, index >> 8, index & 0xff]))]);

const LOGS = process.argv.includes("--log");

/** Packets to send back, in order. */
function moods(query: Buffer, tcp: boolean): Buffer[] {
  if (LOGS) console.log(`asked ${nameOf(query)}`);
  const wrongId = (): Buffer => {
    const bytes = good(query, 66);
    bytes.writeUInt16BE((query.readUInt16BE(0) + 1) & 0xffff, 0);
    return bytes;
  };
  switch (nameOf(query)) {
    case "nowhere.example":
      return [header(query, 3, 0)];
    case "refused.example":
      return [header(query, 5, 0)];
    case "silent.example":
      return [];
    case "big.example":
      // What fills 64 KB to the last record.
      return tcp ? [many(query, Math.floor((65535 - questionEnd(query)) / 16))] : [header(query, 0x200, 0)];
    case "talkative.example":
      // More than a client without EDNS takes.
      return [many(query, 60)];
    case "wrong-id.example":
      return [wrongId(), wrongId(), good(query)];
    case "wrong-name.example": {
      const other = good(query, 66);
      other.write("x", 13);
      return [other, good(query)];
    }
    case "not-an-answer.example": {
      const question = good(query, 66);
      question.writeUInt16BE(0x0100, 2);
      return [question, Buffer.from("short"), Buffer.alloc(0), good(query)];
    }
    case "guessing.example":
      return [...Array.from({ length: 100 }, wrongId), good(query)];
    case "loop.example":
      // The record's name points to itself.
      return [Buffer.concat([header(query, 0, 1), Buffer.from([0xc0, questionEnd(query), 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 203, 0, 113, 7])])];
    case "edns.example":
      return [good(query, query.length > questionEnd(query) ? 41 : 0)];
    default:
      return [good(query)];
  }
}

await Bun.udpSocket({
  hostname: "0.0.0.0",
  port: 53,
  socket: {
    data: (socket, query, port, address) => {
      for (const packet of moods(query, false)) socket.send(packet, port, address);
    },
    error: () => undefined,
  },
});

Bun.listen<{ received: Buffer }>({
  hostname: "0.0.0.0",
  port: 53,
  socket: {
    open: (socket) => void (socket.data = { received: Buffer.alloc(0) }),
    data: (socket, bytes) => {
      const all = (socket.data.received = Buffer.concat([socket.data.received, bytes]));
      if (all.length < 2 || all.length < 2 + all.readUInt16BE(0)) return;
      for (const packet of moods(all.subarray(2), true)) {
        const framed = Buffer.alloc(2 + packet.length);
        framed.writeUInt16BE(packet.length, 0);
        framed.set(packet, 2);
        // Larger than the socket's buffer: the rest follows by itself only from a stream.
        void writeAll(socket, framed);
      }
    },
  },
});

async function writeAll(socket: Bun.Socket<unknown>, bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const written = socket.write(bytes.subarray(done));
    if (written < 0) return;
    done += written;
    if (done < bytes.length) await new Promise((resolve) => setImmediate(resolve));
  }
  socket.flush();
}

console.log("ready");

export {};
