import { closeSync, openSync, readSync } from "node:fs";
import { EngineError, type ErrorKind } from "../base/mod.ts";
import { parseDigest, type Digest } from "../spec/mod.ts";
import { closeFd, O, openat2, AT } from "../linux/mod.ts";
import { applyUnknownLayer, checkApplied, type AppliedLayer } from "./apply-layer.ts";
import { MAGIC_BYTES, sniffCompression, type Compression } from "./compression.ts";
import type { LayerFormat } from "./layer-writer.ts";

/** Unpacks archives of strangers. Whoever calls owns the folder, also what a failure leaves in it. */
export interface Extractor {
  /** @throws EngineError InvalidParameter for a malformed archive and one that is not what was expected */
  unpack(request: UnpackRequest): Promise<AppliedLayer>;
}

export interface UnpackRequest {
  /** File that holds the archive, in any compression. */
  readonly blob: string;
  /** An empty folder. */
  readonly targetDir: string;
  readonly format?: LayerFormat;
  readonly expected?: { readonly digest?: Digest | undefined; readonly diffID?: Digest | undefined };
}

/** Runs `hako` with these arguments (`__extract …`), the descriptor as stdin, and what it printed. */
export type RunExtract = (request: { readonly argv: readonly string[]; readonly stdinFd: number; readonly targetDir: string }) => Promise<{ readonly exitCode: number; readonly stdout: string }>;

/** The extractor of the engine: each archive in a helper process of its own. */
export function helperExtractor(run: RunExtract): Extractor {
  return {
    async unpack({ blob, targetDir, format = "layer", expected = {} }) {
      const fd = openSync(blob, "r");
      try {
        const { exitCode, stdout } = await run({ argv: ["__extract", targetDir, compressionOf(fd), format], stdinFd: fd, targetDir });
        const applied = parseResult(stdout, exitCode);
        checkApplied(applied, expected);
        return applied;
      } finally {
        closeSync(fd);
      }
    },
  };
}

/** The same code in this process. For tests: a parser of untrusted bytes has no place in the engine's. */
export function inProcessExtractor(): Extractor {
  return {
    async unpack({ blob, targetDir, format = "layer", expected = {} }) {
      const rootFd = openat2(AT.FDCWD, targetDir, { flags: O.RDONLY | O.DIRECTORY });
      try {
        const applied = await applyUnknownLayer(Bun.file(blob).stream(), rootFd, { format });
        checkApplied(applied, expected);
        return applied;
      } finally {
        closeFd(rootFd);
      }
    },
  };
}

/** Read without moving the descriptor's position. */
function compressionOf(fd: number): Compression {
  const head = new Uint8Array(MAGIC_BYTES);
  return sniffCompression(head.subarray(0, readSync(fd, head, 0, MAGIC_BYTES, 0)));
}

const KINDS: readonly ErrorKind[] = ["InvalidParameter", "TooLarge", "System"];

function parseResult(stdout: string, exitCode: number): AppliedLayer {
  const result = parseLine(stdout);
  if (result === undefined) throw new EngineError("System", `the extraction helper ended with ${exitCode} and no result`);
  const { error } = result;
  if (isRecord(error)) {
    const kind = KINDS.find((known) => known === error["kind"]) ?? "System";
    throw new EngineError(kind, String(error["message"]).slice(0, 4096));
  }
  const count = (name: string) => {
    const value = result[name];
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw new EngineError("System", "the extraction helper gave no valid result");
    return value;
  };
  return { digest: parseDigest(String(result["digest"])), diffID: parseDigest(String(result["diffID"])), compressedSize: count("compressedSize"), size: count("size"), entries: count("entries") };
}

function parseLine(stdout: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(stdout);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
