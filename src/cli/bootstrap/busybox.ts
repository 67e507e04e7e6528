import { encodeTar, nameFromText, type NewEntry } from "../../archive/mod.ts";
import { containerLogs, createContainer, importImage, readJsonLines, readText, removeContainer, removeImage, startContainer, waitContainer, type Client } from "../../client/mod.ts";
import { Failure } from "../failure.ts";
import type { ProgressLine } from "../progress.ts";

type Member = NewEntry & { readonly content?: Uint8Array | string };

const FOLDERS = ["bin", "dev", "etc", "home", "proc", "root", "sbin", "sys", "tmp", "usr", "usr/bin", "usr/sbin", "var", "var/spool", "var/tmp"];
const FILES: readonly Member[] = [
  { kind: "file", name: "etc/group", mode: 0o644, content: "root:x:0:\ndaemon:x:1:\nwww-data:x:33:\nusers:x:100:\nnogroup:x:65534:\n" },
  { kind: "file", name: "etc/nsswitch.conf", mode: 0o644, content: "hosts: files dns\n" },
  { kind: "file", name: "etc/passwd", mode: 0o644, content: "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nwww-data:x:33:33:www-data:/var/www:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n" },
];
const STICKY = new Set(["tmp", "var/tmp"]);

/** A root with busybox under all of its names. */
export function busyboxRoot(busybox: Uint8Array, applets: readonly string[]): Uint8Array {
  const folders = FOLDERS.map((name): Member => ({ kind: "directory", name: `${name}/`, mode: name === "root" ? 0o700 : STICKY.has(name) ? 0o1777 : 0o755 }));
  const links = applets.filter((name) => /^[a-zA-Z0-9_.+[-]+$/.test(name) && name !== "busybox").map((name): Member => ({ kind: "symlink", name: nameFromText(`bin/${name}`), linkName: "busybox", mode: 0o777 }));
  const env: Member = { kind: "symlink", name: "usr/bin/env", linkName: "../../bin/env", mode: 0o777 };
  return encodeTar([...folders, { kind: "file", name: "bin/busybox", mode: 0o755, content: busybox }, ...links, env, ...FILES]);
}

/** The names that a busybox goes by, from itself: it runs in a container without a network, not on this machine. */
export async function appletsOf(client: Client, busybox: Uint8Array): Promise<string[]> {
  const image = await importRoot(client, encodeTar([{ kind: "directory", name: "bin/", mode: 0o755 }, { kind: "file", name: "bin/busybox", mode: 0o755, content: busybox }]), {});
  let container: string | undefined;
  try {
    const { Id } = await createContainer(client, { Image: image, Cmd: ["/bin/busybox", "--list"], Tty: true, NetworkDisabled: true, HostConfig: { NetworkMode: "none" } });
    container = Id;
    await startContainer(client, Id);
    const { result } = await waitContainer(client, Id);
    const { StatusCode } = await result;
    const listed = (await readText((await containerLogs(client, Id, {})).body)).split(/\r?\n/).filter((name) => name !== "");
    if (StatusCode !== 0 || !listed.includes("sh")) throw new Failure(`busybox does not run here (exit code ${StatusCode})`);
    return listed.sort();
  } finally {
    if (container !== undefined) await removeContainer(client, container, { force: true });
    await removeImage(client, image, { force: true });
  }
}

/** @returns the image's id */
export async function importRoot(client: Client, tar: Uint8Array | AsyncIterable<Uint8Array>, query: { readonly repo?: string; readonly tag?: string; readonly message?: string; readonly changes?: readonly string[] }): Promise<string> {
  const { body } = await importImage(client, { fromSrc: "-", ...query }, tar instanceof Uint8Array ? once(tar) : tar);
  let id = "";
  for await (const line of readJsonLines(body) as AsyncIterable<ProgressLine>) {
    const failure = line.errorDetail?.message ?? line.error;
    if (failure) throw new Failure(failure);
    id = line.status ?? id;
  }
  return id;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < bytes.length; at += 1 << 20) yield bytes.subarray(at, at + (1 << 20));
}
