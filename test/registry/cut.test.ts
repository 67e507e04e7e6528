/** Our client and our server over a wire that is cut. */
import { expect, test } from "bun:test";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { openRegistryClient } from "../../src/registry/mod.ts";
import { uploadsKey } from "../../src/registry/storage/mod.ts";
import { parseDigest, parseReference } from "../../src/spec/mod.ts";
import { until } from "../until.ts";
import { QUICK, readAll } from "./scripted-registry.ts";
import { digestOf, noise, startRegistry } from "./serving.ts";

const MEGABYTE = 1 << 20;
const BLOB = noise(12 * MEGABYTE);
const DIGEST = parseDigest(digestOf(BLOB));

interface Wire extends AsyncDisposable {
  readonly host: string;
  /** Bytes that went each way. */
  readonly up: number;
  readonly down: number;
}

/** Ends each connection when so many bytes have gone over it. */
async function wire(to: string, cutAfterBytes: number): Promise<Wire> {
  const sockets = new Set<Socket>();
  const { hostname, port } = new URL(to);
  let [up, down] = [0, 0];
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    let left = cutAfterBytes;
    const count = (bytes: number): void => {
      left -= bytes;
      if (left < 0) for (const each of [near, far]) each.destroy();
    };
    for (const each of [near, far]) sockets.add(each.on("error", () => undefined));
    near.on("data", (chunk) => ((up += chunk.length), far.write(chunk) || near.pause(), count(chunk.length))).on("drain", () => far.resume()).on("close", () => far.end());
    far.on("data", (chunk) => ((down += chunk.length), near.write(chunk) || far.pause(), count(chunk.length))).on("drain", () => near.resume()).on("close", () => near.end());
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get up() {
      return up;
    },
    get down() {
      return down;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((closed) => server.close(() => closed()));
    },
  };
}

const client = openRegistryClient({ userAgent: "test", limits: { ...QUICK, attempts: 8, backOffMs: 50, headMs: 5000, windowMs: 5000 } });

test("what has arrived is not sent again, whichever way", async () => {
  await using registry = startRegistry();
  await using cut = await wire(registry.url, 5 * MEGABYTE);
  const repository = client.repository(parseReference(`${cut.host}/team/web`));
  const retries: string[] = [];
  const blob = { digest: DIGEST, size: BLOB.length, open: async function* () { for (let at = 0; at < BLOB.length; at += 65536) yield BLOB.subarray(at, at + 65536); } };
  expect(await repository.uploadBlob(blob, { onRetry: ({ message }) => retries.push(message) })).toBe("uploaded");
  expect(retries.length).toBeGreaterThan(0);
  // From the beginning it would never come through; what lay in the buffers of a connection that was cut is lost.
  expect(cut.up).toBeLessThan(2.5 * BLOB.length);
  expect(Buffer.from(await readAll(await repository.blob(DIGEST, { expectedSize: BLOB.length }))).equals(BLOB)).toBe(true);
  expect(cut.down).toBeLessThan(2.5 * BLOB.length);
});

test("of a single POST that is cut nothing stays: nobody could go on with it", async () => {
  await using registry = startRegistry();
  const { storage } = registry.registry.repositories;
  const uploads = (): Promise<string[]> => Array.fromAsync(storage.list(uploadsKey("team/web")));
  const { hostname, port } = new URL(registry.url);
  const socket = connect(Number(port), hostname).on("error", () => undefined);
  socket.write(`POST /v2/team/web/blobs/uploads/?digest=${DIGEST} HTTP/1.1\r\nHost: registry\r\nContent-Length: ${BLOB.length}\r\n\r\n`);
  socket.write(BLOB.subarray(0, MEGABYTE));
  await until(async () => (await uploads()).length > 0);
  socket.destroy();
  await until(async () => (await uploads()).length === 0);
});
