import { nextJob } from "../archive/mod.ts";
import { EngineError, messageOf } from "../base/mod.ts";
import { AT, closeFd, forbidTracing, hasCode, O, openat2, peerIsGone, setUmask, writeFd } from "../linux/mod.ts";
import { contentOf } from "./content-digest.ts";
import { runFileActions } from "./file-actions.ts";
import type { FileJob, JobResults } from "./file-job.ts";
import { MergedTree } from "./merged-tree.ts";
import { findPackages } from "./packages/find-packages.ts";
import { countTree, removeStubs, seal } from "./seal.ts";
import { copyTree, makeTwin } from "./twin.ts";

/**
 * The hidden command `hako __build`: work on the files of builds, job after job. A job comes as four bytes of length (little endian) and
 * JSON; the answer is one line: `{"result": …}` or `{"error": {kind, message}}`. It ends with its standard input.
 */
export function buildWorkerMain(): number {
  forbidTracing();
  setUmask(0);
  for (let job = nextJob<FileJob>(); job !== undefined; job = nextJob<FileJob>()) writeFd(1, Buffer.from(`${answerTo(job)}\n`));
  return 0;
}

export const WORKER_CAPABILITIES = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_MKNOD", "CAP_SETFCAP", "CAP_SYS_ADMIN"] as const;

function answerTo(job: FileJob): string {
  try {
    return JSON.stringify({ result: resultOf(job) });
  } catch (error) {
    const kind = error instanceof EngineError ? error.kind : "System";
    const message = hasCode(error, "ENOSPC", "EDQUOT") ? "no space left on device" : messageOf(error);
    return JSON.stringify({ error: { kind, message } });
  }
}

function resultOf(job: FileJob): JobResults[FileJob["kind"]] {
  switch (job.kind) {
    case "files":
      return runFileActions(job, requireEngine);
    case "content":
      return { digest: contentDigest(job) };
    case "seal":
      return sealFolder(job);
    case "twin":
      return makeTwin(job, requireEngine);
    case "size":
      return { bytes: sizeOf(job.folder) };
    case "packages":
      return packagesIn(job.folders);
    case "copyTree":
      copyTree(job, requireEngine);
      return {};
    default:
      return job satisfies never;
  }
}

function contentDigest({ input, action }: Extract<FileJob, { kind: "content" }>): string {
  using tree = new MergedTree(input.folders);
  return contentOf(tree, action, requireEngine);
}

function sealFolder({ folder, below, stubs }: Extract<FileJob, { kind: "seal" }>): JobResults["seal"] {
  removeStubs(folder, below, stubs);
  const fd = openat2(AT.FDCWD, folder, { flags: O.RDONLY | O.DIRECTORY });
  try {
    return seal(fd, requireEngine);
  } finally {
    closeFd(fd);
  }
}

function packagesIn(folders: readonly string[]): JobResults["packages"] {
  if (folders.length === 0) return { packages: [], distribution: { id: "", version: "" }, notes: [] };
  using tree = new MergedTree(folders);
  return findPackages(tree, requireEngine);
}

function sizeOf(folder: string): number {
  const fd = openat2(AT.FDCWD, folder, { flags: O.RDONLY | O.DIRECTORY });
  try {
    return countTree(fd, requireEngine).bytes;
  } finally {
    closeFd(fd);
  }
}

/** Nobody waits for the result of a worker whose engine is gone: it would write beside the next engine's sweep. */
function requireEngine(): void {
  if (peerIsGone(1)) throw new EngineError("System", "the engine is gone");
}
