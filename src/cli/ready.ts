import { closeSync, writeSync } from "node:fs";

/** Writes to a descriptor that whoever started us may be reading. */
export function tellReady(fd: number): void {
  try {
    writeSync(fd, "ready\n");
    // A standard stream stays open: the next connection would get its number, and with it what is logged there.
    if (fd > 2) closeSync(fd);
  } catch {
    // Whoever started us did not wait: nobody is left to be told.
  }
}
