import { call } from "./call.ts";

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const F_ADD_SEALS = 1033;
/** SEAL, SHRINK, GROW. */
const SIZE_SEALS = 0x1 | 0x2 | 0x4;
/** And WRITE. */
const ALL_SEALS = SIZE_SEALS | 0x8;

/** An anonymous file in memory, sealable, closed on exec. */
export function memfdCreate(name: string): number {
  return call("memfd_create", name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

/** From now on nobody, root included, changes the bytes. */
export function sealMemfd(fd: number): void {
  call("fcntl", fd, F_ADD_SEALS, ALL_SEALS);
}

/** From now on nobody changes how long it is. */
export function sealSize(fd: number): void {
  call("fcntl", fd, F_ADD_SEALS, SIZE_SEALS);
}

/** A file's bytes as memory, for whoever has it mapped to read and write; until the last view of them is garbage. */
export const mapShared = (fd: number): Uint8Array<ArrayBuffer> => Bun.mmap(`/proc/self/fd/${fd}`, { shared: true });
