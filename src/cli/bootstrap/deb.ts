import { decompress, TarReader } from "../../archive/mod.ts";
import { Failure } from "../failure.ts";

const MAGIC = "!<arch>\n";
const HEADER_BYTES = 60;

/** A file of a Debian package (deb(5): an ar archive with data.tar in it, in any compression). @throws Failure when it is not in it */
export async function fileOfDeb(deb: Uint8Array, paths: readonly string[], maxBytes: number): Promise<Uint8Array> {
  const data = memberOfAr(deb, /^data\.tar(?:\.|$)/);
  const reader = new TarReader();
  let wanted = false;
  const pieces: Uint8Array[] = [];
  for await (const chunk of decompress(once(data))) {
    for (const event of reader.push(chunk)) {
      if (event.kind === "entry") {
        wanted = event.entry.kind === "file" && paths.includes(event.entry.name.replace(/^\.?\//, ""));
        if (wanted && event.entry.size > maxBytes) throw new Failure(`${event.entry.name} of the package is too large`);
      } else if (event.kind === "data" && wanted) pieces.push(Buffer.from(event.bytes));
      else if (event.kind === "end" && wanted) return Buffer.concat(pieces);
    }
  }
  throw new Failure(`the package holds none of ${paths.join(", ")}`);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}

/** @throws Failure */
function memberOfAr(archive: Uint8Array, name: RegExp): Uint8Array {
  const text = (from: number, to: number): string => Buffer.from(archive.subarray(from, to)).toString("latin1").trim();
  if (text(0, MAGIC.length) !== MAGIC.trim()) throw new Failure("the package is no ar archive");
  for (let at = MAGIC.length; at + HEADER_BYTES <= archive.length; ) {
    const size = Number(text(at + 48, at + 58));
    if (!Number.isSafeInteger(size) || size < 0) break;
    const start = at + HEADER_BYTES;
    if (name.test(text(at, at + 16).replace(/\/$/, ""))) return archive.subarray(start, start + size);
    at = start + size + (size % 2);
  }
  throw new Failure("the package has no data");
}
