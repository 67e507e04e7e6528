/** OCI layouts in stores of a client's: read and written by containerd's calls, from clients that mean well and others. */
import { expect, test } from "bun:test";
import { TarReader } from "../../src/archive/mod.ts";
import { EngineError } from "../../src/base/mod.ts";
import { ClientStore } from "../../src/build/buildkit/client-store.ts";
import { layoutArchive } from "../../src/build/buildkit/layout-archive.ts";
import { LayoutSender } from "../../src/build/buildkit/layout-sender.ts";
import { digestOfBytes } from "../../src/build/graph/make-vertex.ts";
import { Caller, MessageWriter, readFields, serveCalls, textOf, type Call } from "../../src/grpc/mod.ts";
import { MEDIA, parseDigest, type Descriptor, type Digest } from "../../src/spec/mod.ts";
import { duplexPair } from "./duplex-pair.ts";

const CONTENT = "/containerd.services.content.v1.Content/";

class Blobs extends Map<Digest, Uint8Array> {
  add(value: object | string, mediaType: string = MEDIA.ociManifest): Descriptor {
    const bytes = Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
    const digest = digestOfBytes(bytes);
    this.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  image(layer: string): Descriptor {
    return this.add({ schemaVersion: 2, mediaType: MEDIA.ociManifest, config: this.add({ layer }, MEDIA.ociConfig), layers: [this.add(layer, MEDIA.ociLayer)] });
  }
}

/** A client with one store, which answers from `blobs` and keeps what is written there. */
async function withStore(blobs: Map<Digest, Uint8Array>, use: (store: ClientStore) => Promise<void>): Promise<void> {
  const [left, right] = duplexPair();
  const fieldsOf = async (call: Call): Promise<Map<number, string | number>> => new Map([...readFields(await call.request())].map(({ number, value, bytes }) => [number, bytes.length > 0 ? textOf(bytes) : value]));
  const find = (digest: unknown): Uint8Array => blobs.get(parseDigest(String(digest))) ?? (() => { throw new EngineError("NotFound", `content ${String(digest)}: not found`); })();
  const served = serveCalls(right, new Map<string, (call: Call) => Promise<void>>([
    [`${CONTENT}Info`, async (call) => {
      const digest = (await fieldsOf(call)).get(1);
      await call.send(new MessageWriter().message(1, new MessageWriter().text(1, String(digest)).number(2, find(digest).length)).finish());
    }],
    [`${CONTENT}Read`, async (call) => {
      const bytes = find((await fieldsOf(call)).get(1));
      for (let at = 0; at < bytes.length; at += 100_000) await call.send(new MessageWriter().number(1, at).bytes(2, bytes.subarray(at, at + 100_000)).finish());
    }],
    [`${CONTENT}Write`, async (call) => {
      const parts: Uint8Array[] = [];
      for (;;) {
        const fields = new Map([...readFields(await call.request())].map((field) => [field.number, field]));
        if (fields.size === 0) return;
        const expected = parseDigest(textOf(fields.get(4)?.bytes ?? new Uint8Array(0)));
        if (blobs.has(expected)) throw new EngineError("Conflict", `content ${expected}: already exists`);
        expect(fields.get(5)?.value ?? 0).toBe(parts.reduce((sum, { length }) => sum + length, 0));
        const data = fields.get(6)?.bytes;
        if (data) parts.push(Buffer.from(data));
        if (fields.get(1)?.value === 2) {
          expect(digestOfBytes(Buffer.concat(parts))).toBe(expected);
          blobs.set(expected, Buffer.concat(parts));
        }
        await call.send(new MessageWriter().number(1, fields.get(1)?.value).finish());
      }
    }],
  ]));
  const caller = new Caller(left);
  try {
    await use(new ClientStore(caller, "oci:x"));
  } finally {
    await caller.close();
    await served;
  }
}

async function whole(archive: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of archive) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

function filesOf(archive: Uint8Array): string[] {
  const names: string[] = [];
  const reader = new TarReader();
  for (const event of reader.push(archive)) if (event.kind === "entry") names.push(event.entry.name);
  reader.finish();
  return names;
}

test("what an index stands for comes as an archive, of one platform where only it is wanted, and can be sent to another store", async () => {
  const blobs = new Blobs();
  const [amd, arm, about] = [blobs.image("a".repeat(2_500_000)), blobs.image("arm"), blobs.image("statement")];
  const index = blobs.add({ schemaVersion: 2, manifests: [{ ...amd, platform: { os: "linux", architecture: "amd64" } }, { ...arm, platform: { os: "linux", architecture: "arm64" } }, { ...about, annotations: { "vnd.docker.reference.type": "attestation-manifest" } }] });
  await withStore(blobs, async (store) => {
    const all = await whole(layoutArchive(store, { digest: index.digest, platform: undefined }));
    expect(filesOf(all)).toHaveLength(2 + 1 + 2 * 3);
    expect(filesOf(await whole(layoutArchive(store, { digest: index.digest, platform: { os: "linux", architecture: "arm64" } })))).toHaveLength(2 + 1 + 3);
    const copied = new Blobs([[arm.digest, blobs.get(arm.digest) ?? new Uint8Array(0)]]);
    await withStore(copied, async (other) => {
      const sender = new LayoutSender(other);
      for (let at = 0; at < all.length; at += 70_001) await sender.write(all.subarray(at, at + 70_001));
      await sender.end();
    });
    expect([...copied.keys()].sort()).toEqual([...blobs.keys()].filter((digest) => !Buffer.from(blobs.get(digest) ?? []).includes("statement") && digest !== about.digest).sort());
    for (const [digest, bytes] of copied) expect(Buffer.compare(bytes, blobs.get(digest) ?? new Uint8Array(0))).toBe(0);
  });
});

test("what is damaged, false or too much is refused, and what BuildKit wrote as a cache is not read", async () => {
  const blobs = new Blobs();
  const good = blobs.image("layer");
  const bytesOf = ({ digest }: Descriptor): Uint8Array => blobs.get(digest) ?? new Uint8Array(0);
  const nested = Array.from({ length: 6 }).reduce<Descriptor>((inner) => blobs.add({ schemaVersion: 2, manifests: [inner] }), good);
  const forged = { ...good, digest: parseDigest(`sha256:${"1".repeat(64)}`) };
  blobs.set(forged.digest, bytesOf(good));
  const short = blobs.add({ schemaVersion: 2, config: blobs.add("{}"), layers: [{ ...blobs.add("short"), size: 4 }] });
  const long = blobs.add({ schemaVersion: 2, config: blobs.add("{}"), layers: [{ ...blobs.add("short"), size: 6 }] });
  const foreign = blobs.add({ schemaVersion: 2, manifests: [blobs.add("a layer", MEDIA.ociLayer), blobs.add("{}", "application/vnd.buildkit.cacheconfig.v0")] });
  const cases: readonly (readonly [Descriptor, RegExp])[] = [
    [nested, /nested too deep/],
    [forged, /is something else/],
    [short, /not of the size that is told/],
    [long, /not of the size that is told/],
    [foreign, /BuildKit wrote this cache/],
    [blobs.add("no JSON"), /not valid JSON/],
    [blobs.add({ schemaVersion: 2, config: 1, layers: [] }), /a descriptor is no object/],
    [blobs.add({ schemaVersion: 2, config: { digest: "sha256:../../etc/passwd", size: 1 }, layers: [] }), /invalid digest/],
    [blobs.add(" ".repeat(5 * 1024 * 1024)), /too large/],
    [{ ...good, digest: parseDigest(`sha256:${"2".repeat(64)}`) }, /not found/],
  ];
  await withStore(blobs, async (store) => {
    for (const [{ digest }, why] of cases) expect(await whole(layoutArchive(store, { digest, platform: undefined })).then(() => "read", String)).toMatch(why);
  });
});

test("a client that sends more than it told, without an end, is heard no longer", async () => {
  const [left, right] = duplexPair();
  let isOver = false;
  const served = serveCalls(right, new Map<string, (call: Call) => Promise<void>>([[`${CONTENT}Read`, async (call) => {
    while (!call.signal.aborted) await call.send(new MessageWriter().bytes(2, Buffer.alloc(10_000)).finish());
    isOver = true;
  }]]));
  const caller = new Caller(left);
  await expect(whole(new ClientStore(caller, "oci:x").read(parseDigest(`sha256:${"1".repeat(64)}`), 25_000))).rejects.toThrow("is not of the size that is told");
  await caller.close();
  await served;
  expect(isOver).toBe(true);
});
