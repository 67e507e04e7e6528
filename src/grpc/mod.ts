export { Caller, OpenCall } from "./call.ts";
export { MessageWriter, readEntry, readFields, textOf, type Field } from "./protobuf.ts";
export { serveCalls, type Call, type Methods } from "./serve.ts";
export { CallFailed, STATUS, statusMessage, type FailureDetail } from "./status.ts";
export type { HeaderList } from "./http2/hpack.ts";
