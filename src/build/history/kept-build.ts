import { closeSync, openSync, readFileSync, readSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BuildRecord, CacheEntry, Digest } from "../../spec/mod.ts";

/** What was asked for, in the words of BuildKit's Dockerfile frontend. */
export interface BuildOrder {
  readonly frontend: string;
  readonly attrs: Readonly<Record<string, string>>;
  readonly exporters: readonly CacheEntry[];
}

/** A document that belongs to a build, kept with it. */
export interface Attachment {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly mediaType: string;
  /** Of a statement (in-toto). */
  readonly predicateType?: string | undefined;
  /** `os/architecture`; none where a build is for one platform. */
  readonly platform?: string | undefined;
}

export interface BuildOutcome {
  /** What exporters answered. */
  readonly response: Readonly<Record<string, string>>;
  readonly warnings: number;
  readonly statements: readonly Attachment[];
  /** google.rpc.Status, with what it is about. */
  readonly failure?: Attachment | undefined;
}

export interface KeptBuild {
  readonly record: BuildRecord;
  readonly order: BuildOrder;
  readonly outcome: BuildOutcome;
}

export interface WrittenBuild extends KeptBuild {
  /** Messages as the client of the build had them. */
  readonly lines: readonly string[];
  readonly contents: ReadonlyMap<Digest, Uint8Array>;
}

/** Before this was kept, too. */
const NO_ORDER: BuildOrder = { frontend: "dockerfile.v0", attrs: {}, exporters: [] };
export const NO_OUTCOME: BuildOutcome = { response: {}, warnings: 0, statements: [] };
const MAX_HEAD_BYTES = 1024 * 1024;
const PART_BYTES = 16 * 1024;

/** <folder>/<ref>: a line with what the build was and came to, a line for each document (a digest, a blank, base64), then what happened, a message a line. */
export function writeBuild(folder: string, { record, order, outcome, lines, contents }: WrittenBuild): void {
  const path = join(folder, record.ref);
  const documents = [...contents].map(([digest, bytes]) => `${digest} ${Buffer.from(bytes).toString("base64")}`);
  const head = JSON.stringify({ ...record, order, outcome });
  writeFileSync(`${path}.new`, [Buffer.byteLength(head) < MAX_HEAD_BYTES ? head : JSON.stringify(record), ...documents, ...lines].join("\n"), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Undefined: it went, or was cut when the machine lost power. */
export function readHead(folder: string, ref: string): KeptBuild | undefined {
  try {
    const fd = openSync(join(folder, ref), "r");
    try {
      const parts: Buffer[] = [];
      for (let end = -1; end < 0 && parts.length * PART_BYTES < MAX_HEAD_BYTES; ) {
        const part = Buffer.allocUnsafe(PART_BYTES);
        const length = readSync(fd, part);
        end = length === 0 ? 0 : part.subarray(0, length).indexOf("\n");
        parts.push(part.subarray(0, end < 0 ? length : end));
      }
      return parseHead(Buffer.concat(parts).toString("utf8"));
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

function parseHead(text: string): KeptBuild {
  const { order = NO_ORDER, outcome = NO_OUTCOME, ...record } = JSON.parse(text) as BuildRecord & Partial<Pick<KeptBuild, "order" | "outcome">>;
  return { record, order, outcome };
}

/** Undefined as above. */
export function readLines(folder: string, ref: string): string[] | undefined {
  return bodyOf(folder, ref)?.filter((line) => !isDocument(line));
}

export function readDocument(folder: string, ref: string, digest: Digest): Uint8Array | undefined {
  const line = bodyOf(folder, ref)?.find((each) => each.startsWith(`${digest} `));
  return line === undefined ? undefined : Buffer.from(line.slice(digest.length + 1), "base64");
}

function bodyOf(folder: string, ref: string): string[] | undefined {
  try {
    return readFileSync(join(folder, ref), "utf8").split("\n").slice(1);
  } catch {
    return undefined;
  }
}

const isDocument = (line: string): boolean => line.startsWith("sha256:");
