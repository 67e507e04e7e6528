import { EngineError, type ErrorKind } from "../base/mod.ts";
import { parseDigest } from "../spec/mod.ts";
import type { AppliedLayer } from "./apply-layer.ts";

const KINDS: readonly ErrorKind[] = ["InvalidParameter", "TooLarge", "System"];

/** What an extraction helper printed. @throws EngineError with its reason */
export function parseResult(line: string, exitCode: number | undefined): AppliedLayer {
  const result = parseLine(line);
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

/** How much of the archive a helper has read, where that is what the line says. */
export function parseRead(line: string): number | undefined {
  const read = parseLine(line)?.["read"];
  return typeof read === "number" ? read : undefined;
}

function parseLine(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
