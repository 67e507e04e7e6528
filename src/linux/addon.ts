import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import addonPath from "../../build/native/hako-addon.so" with { type: "file" };

/** The N-API addon (native/addon): the one way from TypeScript to the kernel. */
export type Register = number | bigint | Uint8Array | string | null;

export interface Addon {
  /** The kernel's answer, or -errno. Strings become C strings (-EINVAL for a NUL inside), arrays their address. */
  syscall(number: number, ...registers: Register[]): number;
  /** Only for arrays of `pinned()`: a small Uint8Array made otherwise moves when its `buffer` is first read. */
  address(bytes: Uint8Array): bigint;
  /** The child's pid, or -errno of whatever kept the program from starting. */
  spawn(exeFd: number, argv: readonly string[], env: readonly string[], fds: readonly number[], setsid: boolean): number;
  sendFds(socket: number, bytes: Uint8Array, fds: readonly number[]): number;
  /** [bytes or -errno, ...fds] */
  recvFds(socket: number, bytes: Uint8Array): number[];
}

let loaded: Addon | undefined;

/** Loads on first use: what never asks the kernel (the command line) never pays for it. */
export function addon(): Addon {
  loaded ??= addonPath.startsWith("/$bunfs/") ? loadEmbedded() : load(addonPath);
  return loaded;
}

/** The loader of the system takes files only; the one that Bun would make stays in the temporary folder. */
function loadEmbedded(): Addon {
  const folder = mkdtempSync(join(tmpdir(), "hako-"));
  try {
    const path = join(folder, "hako-addon.so");
    writeFileSync(path, readFileSync(addonPath));
    return load(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function load(path: string): Addon {
  const module: { exports: unknown } = { exports: {} };
  process.dlopen(module, path);
  return module.exports as Addon;
}

/** Zeroed memory whose address stays, for structs that point to one another. */
export function pinned(sizeBytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(sizeBytes));
}
