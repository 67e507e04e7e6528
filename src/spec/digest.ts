import { EngineError } from "../base/mod.ts";

declare const brand: unique symbol;
/** A content address, `sha256:` and 64 lower-case hex digits (OCI image spec, descriptor.md#digests). */
export type Digest = string & { readonly [brand]: "Digest" };

/** @throws EngineError InvalidParameter */
export function parseDigest(text: string): Digest {
  if (!/^sha256:[0-9a-f]{64}$/.test(text)) throw new EngineError("InvalidParameter", `invalid digest "${printable(text)}"`);
  return text as Digest;
}

/** The hex part, safe as a file name because the digest was parsed. */
export function digestHex(digest: Digest): string {
  return digest.slice("sha256:".length);
}

function printable(text: string): string {
  return text.slice(0, 128).replace(/[^\x20-\x7e]/g, "?");
}
