export { EngineError, firstFailure, messageOf, type ErrorKind } from "./errors.ts";
export { editDistance } from "./edit-distance.ts";
export { KeyedLock } from "./keyed-lock.ts";
export { syncFolder } from "./sync-folder.ts";
export { nowNs, formatInstant, ZERO_INSTANT, type InstantNs } from "./clock.ts";
export type { ByteDuplex } from "./stream.ts";
export { BodyDecoder, type Framing } from "./http-body.ts";
export { SharedSync, syncCommits } from "./commit-sync.ts";
export { openDatabase, checkpoint, durably, type Schema } from "./database.ts";
