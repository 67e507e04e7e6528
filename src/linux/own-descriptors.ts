import { AT, O } from "./constants.ts";
import { openat2 } from "./files.ts";

/** The folder of this process's descriptors: opened before a chroot it goes on opening, by number, what an O_PATH descriptor holds. */
export function openOwnDescriptors(): number {
  return openat2(AT.FDCWD, "/proc/self/fd", { flags: O.RDONLY | O.DIRECTORY });
}
