/** Work on the folders of layers that are being made, by a process of its own. */
export type { FileAction } from "./file-action.ts";
export { DIGEST_BYTES, knowsDigest, readIndex, writeIndex, type ContextIndex } from "./context-index.ts";
export * from "./entry-digest.ts";
export { contentLine, digestOfLines } from "./content-lines.ts";
export { excluderOf, type Excluder } from "./excludes.ts";
export type { FileJob, FilesDone, JobAction, JobInput, JobResults, PendingArchive } from "./file-job.ts";
export type { Sealed } from "./seal.ts";
export { clean, type CopyAction } from "./selection.ts";
export type { FoundPackage, FoundPackages } from "./packages/found-package.ts";
export { spareIndex, spareName, spareTree } from "./spare.ts";
export { MergedTree } from "./merged-tree.ts";
export { componentExpression, hasWildcards } from "./wildcards.ts";
export { buildWorkerMain, WORKER_CAPABILITIES } from "./worker-main.ts";
