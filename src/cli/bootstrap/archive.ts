import { decompress } from "../../archive/mod.ts";
import { Failure } from "../failure.ts";
import { verifySigned } from "./programs.ts";

const MAX_RELEASE_BYTES = 8 << 20;
const MAX_PACKAGES_BYTES = 256 << 20;
const MAX_DEB_BYTES = 512 << 20;
const REQUEST_TIMEOUT_MS = 120_000;

interface Listed {
  readonly sha256: string;
  readonly size: number;
}

export interface PackageEntry extends Listed {
  readonly version: string;
  /** Relative to the mirror. */
  readonly path: string;
}

/** A suite of a Debian archive, in which everything is verified: the release by its signature, all else by the hashes of what names it. */
export class DebianArchive {
  readonly #files: ReadonlyMap<string, Listed>;

  private constructor(
    readonly mirror: string,
    readonly suite: string,
    /** bookworm, whatever the suite was called. */
    readonly codename: string,
    files: ReadonlyMap<string, Listed>,
  ) {
    this.#files = files;
  }

  /** @throws Failure when it cannot be had, or is not signed by a key of the keyring, or for another suite, or out of date */
  static async open(mirror: string, suite: string, keyring: string): Promise<DebianArchive> {
    const url = `${mirror}/dists/${suite}/InRelease`;
    const release = await verifySigned(await download(url, MAX_RELEASE_BYTES), keyring, url);
    const field = (name: string): string => new RegExp(`^${name}: *(.*)$`, "m").exec(release)?.[1] ?? "";
    const codename = field("Codename");
    if (![codename, field("Suite")].includes(suite)) throw new Failure(`${url} is the release of ${field("Suite")} (${codename}), not of ${suite}`);
    const until = field("Valid-Until");
    if (until !== "" && Date.parse(until) < Date.now()) throw new Failure(`${url} was valid until ${until}: the mirror is out of date`);
    return new DebianArchive(mirror, suite, codename, hashes(release));
  }

  /** @throws Failure when there is no such package */
  async find(name: string, architecture: string): Promise<PackageEntry> {
    const path = `main/binary-${architecture}/Packages.xz`;
    const listed = this.#files.get(path);
    if (!listed) throw new Failure(`${this.mirror} has no packages of ${this.suite} for ${architecture}`);
    const packed = await this.#verified(`dists/${this.suite}/${path}`, listed, MAX_PACKAGES_BYTES);
    const text = Buffer.concat(await collected(decompress(once(packed)), MAX_PACKAGES_BYTES)).toString("utf8");
    const stanza = text.split("\n\n").find((candidate) => candidate.startsWith(`Package: ${name}\n`));
    if (stanza === undefined) throw new Failure(`${this.suite} has no package ${name} for ${architecture}`);
    const field = (key: string): string => new RegExp(`^${key}: (.*)$`, "m").exec(stanza)?.[1] ?? "";
    return { version: field("Version"), path: field("Filename"), sha256: field("SHA256"), size: Number(field("Size")) };
  }

  /** The package's file. */
  async deb(entry: PackageEntry): Promise<Uint8Array> {
    return await this.#verified(entry.path, entry, MAX_DEB_BYTES);
  }

  async #verified(path: string, { sha256, size }: Listed, maxBytes: number): Promise<Uint8Array> {
    const url = `${this.mirror}/${path}`;
    if (!Number.isSafeInteger(size) || size > maxBytes) throw new Failure(`${url} is too large`);
    const bytes = await download(url, size);
    const actual = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
    if (actual !== sha256) throw new Failure(`${url} is not what the signed release says: sha256 ${actual} instead of ${sha256}`);
    return bytes;
  }
}

function hashes(release: string): Map<string, Listed> {
  const section = /^SHA256:\n((?: .*\n?)+)/m.exec(release)?.[1] ?? "";
  return new Map([...section.matchAll(/^ ([0-9a-f]{64}) +(\d+) (\S+)$/gm)].map(([, sha256 = "", size = "", path = ""]) => [path, { sha256, size: Number(size) }]));
}

async function download(url: string, maxBytes: number): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    return Buffer.concat(await collected(response.body as AsyncIterable<Uint8Array> | null ?? once(new Uint8Array()), maxBytes));
  } catch (error) {
    throw error instanceof Failure ? error : new Failure(`cannot fetch ${url}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}

async function collected(stream: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of stream) {
    size += piece.length;
    if (size > maxBytes) throw new Failure(`more than the ${maxBytes} bytes expected came`);
    pieces.push(Buffer.from(piece));
  }
  return pieces;
}
