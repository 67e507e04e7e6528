export { ContentStore, type IngestOptions } from "./store.ts";
export type { BlobReader } from "./blob-reader.ts";
export type { Blob, BlobWriter } from "./blob-writer.ts";
export type { PartialBlob } from "./partial-blob.ts";
export type { PartialLimits } from "./partial-sweep.ts";
