import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { Digest } from "../spec/mod.ts";
import { closeFd, O, openat2, AT } from "../linux/mod.ts";
import { applyUnknownLayer, checkApplied, type AppliedLayer } from "./apply-layer.ts";
import { MAGIC_BYTES, sniffCompression, type Compression } from "./compression.ts";
import { parseResult } from "./extract-result.ts";
import { growingInProcess, growingUnpacks, type LaunchGrowing } from "./growing.ts";
import type { LayerFormat } from "./layer-writer.ts";

/** Unpacks archives of strangers. Whoever calls owns the folder, also what a failure leaves in it. */
export interface Extractor {
  /** @throws EngineError InvalidParameter for a malformed archive and one that is not what was expected */
  unpack(request: UnpackRequest): Promise<AppliedLayer>;
  /** Unpacks a layer while it is being received. */
  unpackGrowing(request: GrowingRequest): GrowingUnpack;
}

export interface GrowingRequest {
  /** File that the archive is being appended to. */
  readonly blob: string;
  /** An empty folder. */
  readonly targetDir: string;
  /** Bytes of the archive that were unpacked so far. */
  readonly onRead?: (bytes: number) => void;
}

/** Disposing ends it at once; resolves when nobody writes into the folder any more. */
export interface GrowingUnpack extends AsyncDisposable {
  /** There is more in the file. */
  grown(): void;
  /** The file is whole. */
  whole(): void;
  readonly result: Promise<AppliedLayer>;
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

interface Waiting {
  readonly request: UnpackRequest;
  readonly fd: number;
  readonly compression: Compression;
  readonly size: number;
  readonly done: (applied: AppliedLayer) => void;
  readonly failed: (error: unknown) => void;
}

/** Archives below this size share a process: starting one costs as much as unpacking 2 MB. */
const SMALL_BYTES = 2 * 1024 * 1024;
const BATCH = 16;

/** The extractor of the engine: helper processes, at most `parallel` at a time; small archives that wait together share one. */
export function helperExtractor(run: RunExtract, launch: LaunchGrowing, parallel = 2): Extractor {
  const growing = growingUnpacks(launch);
  const waiting: Waiting[] = [];
  let running = 0;

  const start = (): void => {
    while (running < parallel && waiting.length > 0) {
      running++;
      void runBatch(run, takeBatch(waiting)).finally(() => {
        running--;
        start();
      });
    }
  };
  return {
    unpackGrowing: growing,
    unpack(request) {
      return new Promise((done, failed) => {
        const fd = openSync(request.blob, "r");
        waiting.push({ request, fd, compression: compressionOf(fd), size: fstatSync(fd).size, done, failed });
        start();
      });
    },
  };
}

function takeBatch(waiting: Waiting[]): Waiting[] {
  const first = waiting.shift() as Waiting;
  if (!canShare(first)) return [first];
  const batch = [first];
  while (batch.length < BATCH && waiting[0] !== undefined && canShare(waiting[0])) batch.push(waiting.shift() as Waiting);
  return batch;
}

/** xz and bzip2 need a child that is started before the chroot: one archive per process. */
function canShare({ size, compression }: Waiting): boolean {
  return size < SMALL_BYTES && compression !== "xz" && compression !== "bzip2";
}

async function runBatch(run: RunExtract, batch: readonly Waiting[]): Promise<void> {
  const [first] = batch as [Waiting];
  const single = ["__extract", first.request.targetDir, first.compression, first.request.format ?? "layer"];
  const several = ["__extract", "--batch", ...batch.flatMap(({ request, compression }) => [request.targetDir, request.blob, compression, request.format ?? "layer"])];
  try {
    const { exitCode, stdout } = await run({ argv: batch.length === 1 ? single : several, stdinFd: first.fd, targetDir: first.request.targetDir });
    const lines = stdout.split("\n");
    for (const [index, { request, done, failed }] of batch.entries()) {
      try {
        const applied = parseResult(lines[index] ?? "", exitCode);
        checkApplied(applied, request.expected ?? {});
        done(applied);
      } catch (error) {
        failed(error);
      }
    }
  } catch (error) {
    for (const { failed } of batch) failed(error);
  } finally {
    for (const { fd } of batch) closeSync(fd);
  }
}

/** The same code in this process. For tests: a parser of untrusted bytes has no place in the engine's. */
export function inProcessExtractor(): Extractor {
  return {
    unpackGrowing: growingInProcess,
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
