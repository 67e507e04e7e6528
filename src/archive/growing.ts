import { closeSync, openSync } from "node:fs";
import { AT, closeFd, O, openat2 } from "../linux/mod.ts";
import { applyUnknownLayer, type AppliedLayer } from "./apply-layer.ts";
import { GROWN, WHOLE } from "./extract-growing.ts";
import { parseRead, parseResult } from "./extract-result.ts";
import type { GrowingRequest, GrowingUnpack } from "./extractor.ts";

/** One helper under way. */
export interface GrowingProcess {
  readonly exited: Promise<number>;
  readonly stdin: { write(bytes: Uint8Array): Promise<void>; end(): void };
  readonly stdout: AsyncIterable<Uint8Array>;
  kill(): Promise<void>;
}

/** Runs `hako` with these arguments (`__extract --growing …`), a stream as stdin, with whose first byte the descriptor goes. */
export type LaunchGrowing = (request: { readonly argv: readonly string[]; readonly file: number }) => Promise<GrowingProcess>;

/** Layers unpacked while they arrive; those beyond begin when one of these is done, and find more of their file then. */
const AT_ONCE = 4;
const MAX_LINE_BYTES = 64 * 1024;

/** Starts helpers for archives that are still being received. */
export function growingUnpacks(launch: LaunchGrowing): (request: GrowingRequest) => GrowingUnpack {
  const waiting: (() => void)[] = [];
  let running = 0;
  const enter = (): Promise<void> => {
    if (running < AT_ONCE) {
      running++;
      return Promise.resolve();
    }
    return new Promise((resolve) => waiting.push(resolve));
  };
  const leave = (): void => {
    const next = waiting.shift();
    if (next) next();
    else running--;
  };
  return (request) => {
    const unpack = new Growing(request, launch);
    void enter().then(() => unpack.run()).finally(leave);
    return unpack;
  };
}

class Growing implements GrowingUnpack {
  readonly result: Promise<AppliedLayer>;
  readonly #ended: Promise<void>;
  readonly #settle: { done: (applied: AppliedLayer) => void; failed: (error: unknown) => void; ended: () => void };
  #process: GrowingProcess | undefined;
  #begun = false;
  #whole = false;
  #givenUp = false;

  constructor(
    readonly request: GrowingRequest,
    readonly launch: LaunchGrowing,
  ) {
    const result = Promise.withResolvers<AppliedLayer>();
    const ended = Promise.withResolvers<void>();
    this.result = result.promise;
    this.#ended = ended.promise;
    this.#settle = { done: result.resolve, failed: result.reject, ended: ended.resolve };
    // Whoever needs it awaits it.
    this.result.catch(() => undefined);
  }

  grown(): void {
    this.#tell(GROWN);
  }

  whole(): void {
    this.#whole = true;
    this.#tell(WHOLE);
  }

  async run(): Promise<void> {
    try {
      if (this.#givenUp) throw new Error("no longer wanted");
      this.#begun = true;
      this.#settle.done(await this.#unpack());
    } catch (error) {
      this.#settle.failed(error);
    } finally {
      this.#settle.ended();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#givenUp = true;
    // One that waits for its turn ends when that comes.
    if (!this.#begun) return;
    // It may have ended by itself, ignoring.
    await this.#process?.kill().catch(() => undefined);
    await this.#ended;
  }

  async #unpack(): Promise<AppliedLayer> {
    const file = openSync(this.request.blob, "r");
    let process: GrowingProcess;
    try {
      process = this.#process = await this.launch({ argv: ["__extract", "--growing", this.request.targetDir], file });
    } finally {
      closeSync(file);
    }
    if (this.#givenUp) await process.kill().catch(() => undefined);
    this.#tell(this.#whole ? WHOLE : GROWN);
    let last = "";
    for await (const line of linesOf(process.stdout)) {
      const read = parseRead(line);
      if (read !== undefined) this.request.onRead?.(read);
      else last = line;
    }
    process.stdin.end();
    return parseResult(last, await process.exited);
  }

  /** A helper that has ended says why by itself. */
  #tell(word: number): void {
    void this.#process?.stdin.write(Uint8Array.of(word)).catch(() => undefined);
  }
}

async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, void> {
  let held = "";
  for await (const piece of bytes) {
    held += Buffer.from(piece).toString("latin1");
    for (let end = held.indexOf("\n"); end >= 0; end = held.indexOf("\n")) {
      yield Buffer.from(held.slice(0, end), "latin1").toString("utf8");
      held = held.slice(end + 1);
    }
    if (held.length > MAX_LINE_BYTES) return;
  }
}

/** The same code in this process, for tests. */
export function growingInProcess({ blob, targetDir, onRead }: GrowingRequest): GrowingUnpack {
  let wake = (): void => undefined;
  let whole = false;
  let givenUp = false;
  async function* bytes(): AsyncGenerator<Uint8Array, void, void> {
    for (let offset = 0; ; ) {
      const last = whole;
      const piece = new Uint8Array(await Bun.file(blob).slice(offset, offset + 65536).arrayBuffer());
      if (givenUp) throw new Error("the download was given up");
      if (piece.length > 0) yield piece;
      else if (last) return;
      else await new Promise<void>((resolve) => (wake = resolve));
      offset += piece.length;
      onRead?.(offset);
    }
  }
  const result = (async () => {
    const rootFd = openat2(AT.FDCWD, targetDir, { flags: O.RDONLY | O.DIRECTORY });
    try {
      return await applyUnknownLayer(bytes(), rootFd, { format: "layer" });
    } finally {
      closeFd(rootFd);
    }
  })();
  result.catch(() => undefined);
  return {
    result,
    grown: () => wake(),
    whole: () => {
      whole = true;
      wake();
    },
    async [Symbol.asyncDispose]() {
      givenUp = true;
      wake();
      await result.catch(() => undefined);
    },
  };
}
