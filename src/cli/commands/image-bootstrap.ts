import { existsSync } from "node:fs";
import { systemVersion, type Client } from "../../client/mod.ts";
import { parseReference, withDefaultTag } from "../../spec/mod.ts";
import { debianSource } from "../bootstrap/apt-sources.ts";
import { DebianArchive } from "../bootstrap/archive.ts";
import { appletsOf, busyboxRoot, importRoot } from "../bootstrap/busybox.ts";
import { fileOfDeb } from "../bootstrap/deb.ts";
import { makeDebianRoot } from "../bootstrap/programs.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import { splitReference } from "../options/reference.ts";
import { err, out } from "../output.ts";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const MAX_BUSYBOX_BYTES = 64 << 20;

interface Wanted {
  readonly client: Client;
  readonly name: string;
  readonly mirror: string;
  readonly suite: string;
  readonly keyring: string;
  readonly architecture: string;
}

/** Prints the id of the image it made. */
export async function run({ flags, args, client }: Invocation): Promise<number> {
  const [kind = "", name] = args;
  if (kind !== "debian" && kind !== "busybox") throw new Failure(`there is no recipe for ${JSON.stringify(kind)}: debian and busybox can be made`);
  if (name !== undefined) withDefaultTag(parseReference(name));
  const source = debianSource();
  const keyring = flags.string("keyring") ?? KEYRING;
  if (!existsSync(keyring)) throw new Failure(`the keyring ${keyring} is not there: install the package debian-archive-keyring, or name another with --keyring`);
  const suite = flags.string("suite") ?? source.suite;
  if (!/^[a-z0-9][a-z0-9.-]*$/.test(suite)) throw new Failure(`${JSON.stringify(suite)} is no suite of Debian`);
  const wanted = { client, mirror: (flags.string("mirror") ?? source.mirror).replace(/\/+$/, ""), suite, keyring, architecture: (await systemVersion(client)).Arch ?? "amd64" };
  out(`${kind === "debian" ? await bootstrapDebian({ ...wanted, name: name ?? `debian:${suite}` }) : await bootstrapBusybox({ ...wanted, name: name ?? "busybox:latest" })}\n`);
  return 0;
}

async function bootstrapBusybox({ client, name, mirror, suite, keyring, architecture }: Wanted): Promise<string> {
  const archive = await DebianArchive.open(mirror, suite, keyring);
  const entry = await archive.find("busybox-static", architecture);
  err(`busybox ${entry.version} of Debian ${archive.codename}, from ${mirror}\n`);
  const busybox = await fileOfDeb(await archive.deb(entry), ["bin/busybox", "usr/bin/busybox"], MAX_BUSYBOX_BYTES);
  const root = busyboxRoot(busybox, await appletsOf(client, busybox));
  return await importRoot(client, root, { ...splitReference(name), message: `busybox-static ${entry.version} of Debian ${archive.codename}`, changes: ['CMD ["sh"]', "ENV PATH=/bin:/sbin:/usr/bin:/usr/sbin"] });
}

async function bootstrapDebian({ client, name, mirror, suite, keyring, architecture }: Wanted): Promise<string> {
  // Before a program runs as root for minutes: the release is signed, and is the one that was asked for.
  const archive = await DebianArchive.open(mirror, suite, keyring);
  err(`the required packages of Debian ${archive.codename}, from ${mirror}\n`);
  const { tar, finished } = makeDebianRoot({ suite, mirror, keyring, architecture });
  return await importRoot(client, whole(tar, finished), { ...splitReference(name), message: `Debian ${archive.codename}, variant minbase`, changes: ['CMD ["bash"]'] });
}

/** Fails before its end when the program has failed: nothing is imported of half a root. */
async function* whole(tar: ReadableStream<Uint8Array>, finished: () => Promise<void>): AsyncGenerator<Uint8Array, void, void> {
  yield* tar as unknown as AsyncIterable<Uint8Array>;
  await finished();
}
