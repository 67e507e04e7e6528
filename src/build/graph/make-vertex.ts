import { parseDigest, type Digest } from "../../spec/mod.ts";
import type { Op } from "./op.ts";
import type { Vertex } from "./vertex.ts";

export interface Shown {
  readonly name: string;
  readonly stage?: string | undefined;
  readonly ignoreCache?: boolean | undefined;
}

/** A node over nodes that exist already, so that there are no cycles. */
export function makeVertex(op: Op, inputs: readonly Vertex[], { name, stage = "", ignoreCache = false }: Shown): Vertex {
  return { digest: digestOf(["vertex", op, inputs.map(({ digest }) => digest), ignoreCache]), op, inputs, name, stage, ignoreCache };
}

/** Of any data: equal data has equal digests, whatever the order in which the fields of its objects were written. */
export const digestOf = (value: unknown): Digest => digestOfBytes(canonical(value));

export const digestOfBytes = (bytes: Uint8Array | string): Digest => parseDigest(`sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`);

function canonical(value: unknown): string {
  if (value instanceof Uint8Array) return `b${Buffer.from(value).toString("base64")}`;
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return value === undefined ? "-" : JSON.stringify(value);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join(",")}}`;
}
