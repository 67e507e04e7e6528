export { FileSystemStorage } from "./file-system.ts";
export * from "./layout.ts";
export { ObjectStorage } from "./s3/storage.ts";
export { Leases } from "./lease.ts";
export { DigestMismatch, UploadBusy, UploadGone, type ByteRange, type ObjectInfo, type Storage, type UploadFollower, type Uploads, type UploadWriter } from "./storage.ts";
