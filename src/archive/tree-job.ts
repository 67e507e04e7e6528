import type { Framing } from "../base/mod.ts";
import type { Owner } from "./layer-writer.ts";

/** The tree a job is about. `running`: the container's root as an open folder, which comes with the first byte of stdin. */
export type JobRoot = { readonly kind: "folder"; readonly path: string } | { readonly kind: "running" };

export interface WritableMount {
  readonly destination: string;
  readonly readOnly: boolean;
}

/** What `hako __tree` is asked for, as JSON in its argument. Paths as text. `framing`: of a body that is read from the client's connection. */
export type TreeJob =
  | { readonly kind: "stat"; readonly root: JobRoot; readonly path: string }
  | { readonly kind: "pack"; readonly root: JobRoot; readonly path: string; readonly emptied: readonly string[]; readonly whole?: boolean }
  | { readonly kind: "packAll"; readonly root: JobRoot; readonly prefix?: string }
  | { readonly kind: "unpack"; readonly root: JobRoot; readonly path: string; readonly keepKinds: boolean; readonly owner: Owner; readonly mounts: readonly WritableMount[]; readonly rootReadOnly: boolean; readonly topToo?: boolean; readonly framing?: Framing }
  | { readonly kind: "changes"; readonly upper: string; readonly lower: string | undefined; readonly ignored: readonly string[] }
  | { readonly kind: "layer"; readonly upper: string; readonly target: string; readonly ignored: readonly string[] }
  | { readonly kind: "snapshot"; readonly source: string; readonly target: string };

const READ = ["CAP_DAC_READ_SEARCH", "CAP_SYS_CHROOT"] as const;
const WRITE = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_MKNOD", "CAP_SETFCAP", "CAP_SYS_CHROOT"] as const;

/** What each kind of job takes; CAP_SYS_ADMIN is for reading and making overlay's marks. */
export const JOB_CAPABILITIES: Readonly<Record<TreeJob["kind"], readonly string[]>> = {
  stat: READ,
  pack: READ,
  packAll: READ,
  unpack: WRITE,
  changes: [...READ, "CAP_SYS_ADMIN"],
  layer: [...WRITE, "CAP_SYS_ADMIN"],
  snapshot: [...READ, ...WRITE],
};
