import { formatInstant, nowNs } from "../../base/mod.ts";
import { statusMessage } from "../../grpc/mod.ts";
import { encodeBuildMessage, type BuildEvent, type BuildMessage, type BuildRecord, type BuildResult, type Digest } from "../../spec/mod.ts";
import { failureOf } from "../build-failure.ts";
import { exporterResponse } from "../buildkit/exporter-response.ts";
import { solveFailure } from "../buildkit/solve-failure.ts";
import { digestOfBytes } from "../graph/make-vertex.ts";
import { NO_OUTCOME, type Attachment, type BuildOrder, type BuildOutcome, type KeptBuild, type WrittenBuild } from "./kept-build.ts";

/** Events kept of each build; beyond it, output of steps is left out. */
const MAX_LOG_BYTES = 2 * 1024 * 1024;
const MAX_STATEMENT_BYTES = 256 * 1024;
const MAX_ERROR_CHARACTERS = 64 * 1024;
const STATEMENT_TYPE = "application/vnd.in-toto+json";
const FAILURE_TYPE = "application/vnd.googeapis.google.rpc.status+proto";

/** What a build is called in the list. */
export interface BuildTitle {
  readonly name: string;
  readonly context: string;
  readonly dockerfile: string;
  readonly target: string;
}

/** A statement about what was built, as SLSA's provenance. */
export interface BuildStatement {
  readonly platform: string | undefined;
  readonly predicateType: string;
  readonly predicate: object;
}

/** One build while it goes on. */
export class Recording {
  readonly ref: string;
  readonly #title: BuildTitle;
  readonly #order: BuildOrder;
  readonly #createdAt = formatInstant(nowNs());
  readonly #lines: string[] = [];
  readonly #steps = new Map<string, { done: boolean; cached: boolean }>();
  readonly #documents = new Map<Digest, Uint8Array>();
  readonly #statements: Attachment[] = [];
  readonly #kept: (build: WrittenBuild) => void;
  readonly #waiting = new Set<() => void>();
  #logBytes = 0;
  #warnings = 0;
  #isOver = false;

  /** @param kept hears of it when it is over */
  constructor(ref: string, title: BuildTitle, order: BuildOrder, kept: (build: WrittenBuild) => void) {
    this.ref = ref;
    this.#title = title;
    this.#order = order;
    this.#kept = kept;
  }

  tell(event: BuildEvent): void {
    if (event.type === "vertex") this.#steps.set(event.vertex.digest, { done: event.vertex.completedNs !== undefined, cached: event.vertex.cached });
    if (event.type === "warning") this.#warnings++;
    if (event.type === "log" && this.#logBytes > MAX_LOG_BYTES) return;
    if (event.type === "status" && event.completedNs === undefined) return;
    this.#say({ event });
  }

  attest(statements: readonly BuildStatement[]): void {
    for (const { platform, predicateType, predicate } of statements) {
      const bytes = Buffer.from(JSON.stringify(predicate, undefined, 2));
      if (bytes.length <= MAX_STATEMENT_BYTES) this.#statements.push({ ...this.#document(bytes, STATEMENT_TYPE), predicateType, platform });
    }
  }

  completed(result: BuildResult): void {
    this.#end({ status: "Completed", error: undefined }, { response: exporterResponse(result), failure: undefined });
  }

  failed(error: unknown, cancelled: boolean): void {
    const failure = { ...failureOf(error), shell: false };
    this.#say({ failed: failure });
    this.#end({ status: cancelled ? "Canceled" : "Error", error: failure.message.slice(0, MAX_ERROR_CHARACTERS) }, { response: {}, failure: this.#document(statusMessage(solveFailure(error)), FAILURE_TYPE) });
  }

  /** As it stands. */
  get build(): KeptBuild {
    return { record: this.#record({ status: "Running", completedAt: undefined, error: undefined }), order: this.#order, outcome: { ...NO_OUTCOME, warnings: this.#warnings } };
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** What has happened, and what happens from then on. */
  async *follow(signal: AbortSignal): AsyncGenerator<string, void, void> {
    const wakeAll = (): void => this.#wake();
    signal.addEventListener("abort", wakeAll);
    try {
      for (let at = 0; !signal.aborted; ) {
        const line = this.#lines[at];
        if (line !== undefined) {
          at++;
          yield line;
        } else if (this.#isOver) return;
        else await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
    } finally {
      signal.removeEventListener("abort", wakeAll);
    }
  }

  #say(message: BuildMessage): void {
    const line = encodeBuildMessage(message);
    this.#logBytes += line.length;
    this.#lines.push(line);
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  #document(bytes: Uint8Array, mediaType: string): Attachment {
    const digest = digestOfBytes(bytes);
    this.#documents.set(digest, bytes);
    return { digest, sizeBytes: bytes.length, mediaType };
  }

  #record(end: Pick<BuildRecord, "status" | "completedAt" | "error">): BuildRecord {
    const all = [...this.#steps.values()];
    return { ref: this.ref, ...this.#title, createdAt: this.#createdAt, totalSteps: all.length, completedSteps: all.filter(({ done }) => done).length, cachedSteps: all.filter(({ cached }) => cached).length, ...end };
  }

  #end(end: Pick<BuildRecord, "status" | "error">, { response, failure }: Pick<BuildOutcome, "response" | "failure">): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#kept({ record: this.#record({ ...end, completedAt: formatInstant(nowNs()) }), order: this.#order, outcome: { response, warnings: this.#warnings, statements: this.#statements, failure }, lines: this.#lines, contents: this.#documents });
    this.#wake();
  }
}
