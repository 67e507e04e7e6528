import { EngineError } from "../base/mod.ts";
import type { UploadConnection } from "../engine/mod.ts";

/** Larger JSON is no request of Docker's API. */
export const MAX_JSON_BYTES = 16 * 1024 * 1024;

/** The body of a request, not read yet. It can be read once. */
export interface Body {
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly contentType: string | undefined;
  /** Undefined when it is sent in chunks. */
  readonly length: number | undefined;
  /** Where nobody has read it and nobody will but who takes this. */
  readonly connection?: UploadConnection;
}

/**
 * The text of a JSON body, "" when there is none.
 * @throws EngineError InvalidParameter for another content type, TooLarge above the limit
 */
export async function readJsonText(body: Body): Promise<string> {
  if (body.contentType === undefined && body.length === 0) return "";
  checkContentType(body.contentType ?? "");
  return (await readWhole(body.chunks)).toString("utf8");
}

/** @throws EngineError TooLarge above the limit of a JSON body */
export async function readWhole(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of chunks) {
    size += part.length;
    if (size > MAX_JSON_BYTES) throw new EngineError("TooLarge", `the request body is larger than ${MAX_JSON_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function checkContentType(header: string): void {
  const type = header.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (type === "") throw new EngineError("InvalidParameter", `malformed Content-Type header (${header}): mime: no media type`);
  if (type !== "application/json") throw new EngineError("InvalidParameter", `unsupported Content-Type header (${header}): must be 'application/json'`);
}
