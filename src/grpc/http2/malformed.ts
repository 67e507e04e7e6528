import { EngineError } from "../../base/mod.ts";

export const malformed = (what: string): EngineError => new EngineError("InvalidParameter", `HTTP/2: ${what}`);
