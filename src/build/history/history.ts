import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "../../base/mod.ts";
import type { BuildRecord, Digest } from "../../spec/mod.ts";
import { readDocument, readHead, readLines, writeBuild, type BuildOrder, type KeptBuild, type WrittenBuild } from "./kept-build.ts";
import { boundedOrder, boundedTitle } from "./order-limits.ts";
import { Recording, type BuildTitle } from "./recording.ts";

/** Builds that are remembered; older ones go. */
const MAX_RECORDS = 100;
const REF = /^[a-z0-9]{25}$/;
const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";

export type HistoryEvent = { readonly type: "started" | "completed"; readonly build: KeptBuild } | { readonly type: "deleted"; readonly build: Pick<KeptBuild, "record"> };

/** What is remembered of builds, in a file each. Written when the build is over. */
export class BuildHistory {
  readonly #root: string;
  readonly #running = new Map<string, Recording>();
  readonly #kept = new Map<string, KeptBuild>();
  readonly #listeners = new Set<(event: HistoryEvent) => void>();

  constructor(root: string) {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    this.#root = root;
    for (const name of readdirSync(root)) {
      const kept = REF.test(name) ? readHead(root, name) : undefined;
      if (kept) this.#kept.set(name, kept);
      else rmSync(join(root, name), { force: true });
    }
  }

  /** @param ref what the client calls the build, where it is one that no other has */
  begin(title: BuildTitle, order: BuildOrder, ref = ""): Recording {
    const own = REF.test(ref) && !this.has(ref) ? ref : newRef();
    const recording = new Recording(own, boundedTitle(title), boundedOrder(order), (build) => this.#finish(build));
    this.#running.set(own, recording);
    this.#tell({ type: "started", build: recording.build });
    return recording;
  }

  /** The latest first. */
  list(): BuildRecord[] {
    return this.builds().map(({ record }) => record);
  }

  /** The latest first. */
  builds(): KeptBuild[] {
    return [...[...this.#running.values()].map(({ build }) => build), ...this.#kept.values()].sort((a, b) => (a.record.createdAt < b.record.createdAt ? 1 : -1));
  }

  has(ref: string): boolean {
    return this.#running.has(ref) || this.#kept.has(ref);
  }

  /** @throws EngineError NotFound */
  record(ref: string): BuildRecord {
    return (this.#running.get(ref)?.build ?? this.#kept.get(ref) ?? unknown(ref)).record;
  }

  /** Messages as the client of the build had them. @throws EngineError NotFound */
  lines(ref: string): readonly string[] {
    return this.#running.get(ref)?.lines ?? (this.#kept.has(ref) ? readLines(this.#root, ref) : undefined) ?? unknown(ref);
  }

  /** The same, to the end of a build that goes on. @throws EngineError NotFound */
  async *follow(ref: string, signal: AbortSignal): AsyncGenerator<string, void, void> {
    const running = this.#running.get(ref);
    if (running) yield* running.follow(signal);
    else yield* this.lines(ref);
  }

  /** A document that some build has left. */
  document(digest: Digest): Uint8Array | undefined {
    for (const [ref, { outcome: { statements, failure } }] of this.#kept) {
      if ([...statements, failure].some((each) => each?.digest === digest)) return readDocument(this.#root, ref, digest);
    }
    return undefined;
  }

  /** One that goes on is not kept when it is over. @throws EngineError NotFound */
  remove(ref: string): void {
    const record = this.record(ref);
    rmSync(join(this.#root, ref), { force: true });
    this.#running.delete(ref);
    this.#kept.delete(ref);
    this.#tell({ type: "deleted", build: { record } });
  }

  /** Hears of builds that begin, end and are forgotten. */
  listen(heard: (event: HistoryEvent) => void): Disposable {
    this.#listeners.add(heard);
    return { [Symbol.dispose]: () => void this.#listeners.delete(heard) };
  }

  #finish(build: WrittenBuild): void {
    const { lines: _lines, contents: _contents, ...kept } = build;
    const { ref } = build.record;
    if (!this.#running.delete(ref)) return;
    this.#tell({ type: "completed", build: kept });
    try {
      writeBuild(this.#root, build);
    } catch {
      return; // a full disk: the build itself has come out well or told why not, ignoring
    }
    this.#kept.set(ref, kept);
    const oldest = [...this.#kept.values()].sort((a, b) => (a.record.createdAt < b.record.createdAt ? -1 : 1));
    for (const { record } of oldest.slice(0, Math.max(0, oldest.length - MAX_RECORDS))) this.remove(record.ref);
  }

  #tell(event: HistoryEvent): void {
    for (const heard of this.#listeners) heard(event);
  }
}

const newRef = (): string => Array.from(crypto.getRandomValues(new Uint8Array(25)), (byte) => ALPHABET[byte % ALPHABET.length]).join("");

function unknown(ref: string): never {
  throw new EngineError("NotFound", `no record found for ref ${JSON.stringify(ref.slice(0, 100))}`);
}
