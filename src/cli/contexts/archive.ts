import { encodeTar, TarReader } from "../../archive/mod.ts";
import { Failure } from "../failure.ts";
import { parseMeta, type ContextMeta, type TlsFiles } from "./store.ts";

const META = "meta.json";
const MAX_BYTES = 10 << 20;

/** A context as docker exports it: `meta.json` and `tls/<endpoint>/<file>`. */
export function packContext(meta: ContextMeta, tls: TlsFiles): Uint8Array {
  const folder = (name: string) => ({ kind: "directory", name, mode: 0o700 }) as const;
  const endpoints = Object.entries(tls);
  return encodeTar([
    { kind: "file", name: META, mode: 0o644, content: JSON.stringify(meta) },
    ...(endpoints.length > 0 ? [folder("tls")] : []),
    ...endpoints.flatMap(([endpoint, files]) => [folder(`tls/${endpoint}`), ...Object.entries(files).map(([file, content]) => ({ kind: "file", name: `tls/${endpoint}/${file}`, mode: 0o600, content }) as const)]),
  ]);
}

/** @throws Failure in docker's words when that is not a context's archive */
export async function unpackContext(source: AsyncIterable<Uint8Array>): Promise<{ meta: ContextMeta; tls: TlsFiles }> {
  const files = await readMembers(source);
  const metaText = files.get(META);
  if (metaText === undefined) throw new Failure("invalid context: no metadata found");
  // The names are the archive's: `__proto__` is one like any other.
  const tls: Record<string, Record<string, string>> = Object.create(null);
  for (const [name, text] of files) {
    const place = /^tls\/([^/]+)\/([^/]+)$/.exec(name);
    if (place?.[1] && place[2]) (tls[place[1]] ??= Object.create(null) as Record<string, string>)[place[2]] = text;
    else if (name !== META) throw new Failure(`${name}: unexpected context file`);
  }
  return { meta: parseMeta(metaText, META), tls };
}

async function readMembers(source: AsyncIterable<Uint8Array>): Promise<Map<string, string>> {
  const reader = new TarReader();
  const files = new Map<string, string>();
  let name = "";
  let pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of source) {
      sizeBytes += chunk.length;
      if (sizeBytes > MAX_BYTES) throw new Failure("read exceeds the defined limit");
      for (const event of reader.push(chunk)) {
        if (event.kind === "entry") [name, pieces] = [checkedName(event.entry.name, event.entry.kind), []];
        else if (event.kind === "data") pieces.push(event.bytes.slice());
        else if (name !== "") files.set(name, Buffer.concat(pieces).toString());
      }
    }
    if (sizeBytes > 0) reader.finish();
  } catch (error) {
    throw error instanceof Failure ? error : new Failure("unexpected EOF");
  }
  return files;
}

/** Nothing is written before the whole archive is known, and then only under names like these. @returns "" for folders */
function checkedName(name: string, kind: string): string {
  if (kind === "directory") return "";
  if (kind !== "file" || name.split("/").some((part) => part === ".." || part === "." || part === "")) throw new Failure(`${name}: unexpected context file`);
  if (name !== META && !name.startsWith("tls/")) throw new Failure(`${name}: unexpected context file`);
  return name;
}
