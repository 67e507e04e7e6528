/**
 * A registry that sends a layer's bytes slowly: `bun slow-registry.ts <megabytes> <megabytes per second>`. Prints its host, then what it is asked for.
 * The image is `slow:1`, of one layer of noise.
 */
import { file, layerOf, testImage } from "../image/archives.ts";
import { MemoryRegistry } from "../image/memory-registry.ts";

const [megabytes = 1, speed = 1] = process.argv.slice(2).map(Number);
const MEGABYTE = 1 << 20;
const noise = new Uint8Array(megabytes * MEGABYTE);
for (let at = 0; at < noise.length; at += 65536) crypto.getRandomValues(noise.subarray(at, at + 65536));

const registry = new MemoryRegistry();
const { digest } = registry.add("slow", "1", testImage([layerOf(file("data", noise))], []), (layer) => layer, "application/vnd.oci.image.layer.v1.tar");
const [layer] = (JSON.parse(Buffer.from(registry.manifests.get(`slow:${digest}`)?.bytes ?? []).toString()) as { layers: { digest: string }[] }).layers;
const bytes = registry.blobs.get(layer?.digest ?? "") ?? new Uint8Array();
registry.fault = (request, path) => {
  const range = request.headers.get("range");
  console.log(`${request.method} ${path} ${range ?? ""}`);
  if (request.method !== "GET" || path !== `blobs/${layer?.digest}`) return undefined;
  const from = Number(/\d+/.exec(range ?? "")?.[0] ?? 0);
  return new Response(slowly(from), { status: from > 0 ? 206 : 200, headers: from > 0 ? { "Content-Range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {} });
};
console.log(`host ${registry.host}`);

function slowly(from: number): ReadableStream<Uint8Array> {
  let at = from;
  return new ReadableStream({
    async pull(controller) {
      const piece = bytes.subarray(at, at + MEGABYTE / 4);
      if (piece.length === 0) return controller.close();
      at += piece.length;
      controller.enqueue(piece);
      await Bun.sleep(250 / speed);
    },
  });
}
