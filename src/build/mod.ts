export type * from "./request.ts";
export { DEFAULT_REQUEST } from "./request.ts";
export type * from "./client.ts";
export type * from "./progress.ts";
export type { Platform } from "./graph/op.ts";
