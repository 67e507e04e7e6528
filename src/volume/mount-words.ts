import { MOUNT_FLAG } from "../linux/mod.ts";

/** Words of mount(8) that are flags of mount(2), and those that take one back. */
const SETS: Readonly<Record<string, number>> = {
  ro: MOUNT_FLAG.RDONLY, nosuid: MOUNT_FLAG.NOSUID, nodev: MOUNT_FLAG.NODEV, noexec: MOUNT_FLAG.NOEXEC, sync: MOUNT_FLAG.SYNCHRONOUS, dirsync: MOUNT_FLAG.DIRSYNC, remount: MOUNT_FLAG.REMOUNT,
  mand: MOUNT_FLAG.MANDLOCK, noatime: MOUNT_FLAG.NOATIME, nodiratime: MOUNT_FLAG.NODIRATIME, relatime: MOUNT_FLAG.RELATIME, strictatime: MOUNT_FLAG.STRICTATIME, bind: MOUNT_FLAG.BIND,
  rbind: MOUNT_FLAG.BIND | MOUNT_FLAG.REC, unbindable: MOUNT_FLAG.UNBINDABLE, runbindable: MOUNT_FLAG.UNBINDABLE | MOUNT_FLAG.REC, private: MOUNT_FLAG.PRIVATE,
  rprivate: MOUNT_FLAG.PRIVATE | MOUNT_FLAG.REC, shared: MOUNT_FLAG.SHARED, rshared: MOUNT_FLAG.SHARED | MOUNT_FLAG.REC, slave: MOUNT_FLAG.SLAVE, rslave: MOUNT_FLAG.SLAVE | MOUNT_FLAG.REC,
};
const CLEARS: Readonly<Record<string, number>> = {
  defaults: 0, rw: MOUNT_FLAG.RDONLY, suid: MOUNT_FLAG.NOSUID, dev: MOUNT_FLAG.NODEV, exec: MOUNT_FLAG.NOEXEC, async: MOUNT_FLAG.SYNCHRONOUS, nomand: MOUNT_FLAG.MANDLOCK, atime: MOUNT_FLAG.NOATIME,
  diratime: MOUNT_FLAG.NODIRATIME, norelatime: MOUNT_FLAG.RELATIME, nostrictatime: MOUNT_FLAG.STRICTATIME,
};

/** What `o=` says, as mount(2) takes it: flags, and for the file system what is left. */
export function readMountWords(words: readonly string[]): { readonly flags: number; readonly data: string } {
  let flags = 0;
  const data: string[] = [];
  for (const word of words) {
    if (Object.hasOwn(SETS, word)) flags |= SETS[word] ?? 0;
    else if (Object.hasOwn(CLEARS, word)) flags &= ~(CLEARS[word] ?? 0);
    else data.push(word);
  }
  return { flags, data: data.join(",") };
}

const OF_A_BIND = new Set(["ro", "nosuid", "suid", "nodev", "dev", "noexec", "exec", "noatime", "atime", "nodiratime", "diratime", "relatime", "norelatime", "strictatime", "nostrictatime"]);

/** What of `o=` a bind has. */
export function bindWords(words: readonly string[]): string[] {
  return [words.includes("rbind") ? "rbind" : "bind", ...words.filter((word) => OF_A_BIND.has(word))];
}

/** As Docker tells of a mount that failed. */
export function tellMount({ source, target, flags, data }: { readonly source: string; readonly target: string; readonly flags: number; readonly data: string }, reason: string): string {
  const told = data.replace(/(^|,)password=[^,]*/, "$1password=********");
  return `mount ${source}:${target}${flags === 0 ? "" : `, flags: 0x${flags.toString(16)}`}${told === "" ? "" : `, data: ${told}`}: ${reason}`;
}
