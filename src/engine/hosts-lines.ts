import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { messageOf } from "../base/mod.ts";
import { hostsLine } from "../network/mod.ts";
import type { EngineContext } from "./context.ts";
import { containerDir } from "./paths.ts";
import type { Endpoint } from "./ports.ts";
import type { ContainerRecord } from "./record.ts";

/** A container may have made its hosts file as large as it likes: a larger one is left as it is. */
const MAX_BYTES = 1024 * 1024;

/** The file is bound into the container, so it is changed in place; and it is the container's: what it wrote there stays. */
export function addHostsLines(ctx: EngineContext, record: ContainerRecord, endpoint: Endpoint): void {
  changeFile(ctx, record, "hosts", (text) => `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${linesOf(record, endpoint).join("")}`);
}

export function removeHostsLines(ctx: EngineContext, record: ContainerRecord, endpoint: Endpoint): void {
  const gone = new Set(linesOf(record, endpoint).map((line) => line.trimEnd()));
  changeFile(ctx, record, "hosts", (text) => text.split("\n").filter((line) => !gone.has(line)).join("\n"));
}

function linesOf({ config }: ContainerRecord, { ip, ip6 }: Endpoint): string[] {
  return [ip, ip6].filter((address) => address !== "").map((address) => hostsLine(address, config.Hostname ?? "", config.Domainname ?? ""));
}

/** A file that is bound into the container; it says so to the operator when it cannot be changed. */
export function changeFile(ctx: EngineContext, { id }: ContainerRecord, name: "hosts" | "resolv.conf", changed: (text: string) => string): void {
  try {
    const file = openSync(`${containerDir(ctx.paths, id)}/${name}`, constants.O_RDWR | constants.O_NOFOLLOW);
    try {
      rewrite(file, changed);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    ctx.log(`container ${id}: its ${name} file was not changed: ${messageOf(error)}, ignoring`);
  }
}

function rewrite(file: number, changed: (text: string) => string): void {
  const { size } = fstatSync(file);
  if (size > MAX_BYTES) return;
  const bytes = Buffer.alloc(size);
  const text = bytes.subarray(0, readSync(file, bytes, 0, size, 0)).toString("utf8");
  const next = Buffer.from(changed(text));
  writeSync(file, next, 0, next.length, 0);
  ftruncateSync(file, next.length);
}
