export { ContentStore, type IngestOptions } from "./store.ts";
export type { Blob, BlobWriter } from "./blob-writer.ts";
