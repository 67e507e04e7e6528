import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EngineError, formatInstant, nowNs } from "../../base/mod.ts";
import { encodeBuildMessage, type BuildEvent, type BuildFailure, type BuildRecord } from "../../spec/mod.ts";

/** Builds that are remembered; older ones go. */
const MAX_RECORDS = 100;
/** Events kept of each build; beyond it, output of steps is left out. */
const MAX_LOG_BYTES = 2 * 1024 * 1024;
const REF = /^[a-z0-9]{25}$/;
const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";

/** What a build is called in the list. */
export interface BuildTitle {
  readonly name: string;
  readonly context: string;
  readonly dockerfile: string;
  readonly target: string;
}

/** One build while it goes on. */
export interface Recording {
  readonly ref: string;
  tell(event: BuildEvent): void;
  finish(failure: BuildFailure | undefined, cancelled: boolean): void;
}

/** What is remembered of builds: <root>/<ref>, a line with the record, then what happened, a message a line. Written when the build is over. */
export class BuildHistory {
  readonly #root: string;
  readonly #running = new Map<string, () => { record: BuildRecord; lines: readonly string[] }>();

  constructor(root: string) {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(root)) if (!REF.test(name)) rmSync(join(root, name), { force: true });
    this.#root = root;
  }

  begin(title: BuildTitle): Recording {
    const ref = Array.from(crypto.getRandomValues(new Uint8Array(25)), (byte) => ALPHABET[byte % ALPHABET.length]).join("");
    const createdAt = formatInstant(nowNs());
    const lines: string[] = [];
    let sizeBytes = 0;
    const steps = new Map<string, { done: boolean; cached: boolean }>();
    const record = (end: Pick<BuildRecord, "status" | "completedAt" | "error">): BuildRecord => {
      const all = [...steps.values()];
      return { ref, ...title, createdAt, totalSteps: all.length, completedSteps: all.filter(({ done }) => done).length, cachedSteps: all.filter(({ cached }) => cached).length, ...end };
    };
    this.#running.set(ref, () => ({ record: record({ status: "Running", completedAt: undefined, error: undefined }), lines }));
    return {
      ref,
      tell: (event) => {
        if (event.type === "vertex") steps.set(event.vertex.digest, { done: event.vertex.completedNs !== undefined && !event.vertex.error, cached: event.vertex.cached });
        if (event.type === "log" && sizeBytes > MAX_LOG_BYTES) return;
        if (event.type === "status" && event.completedNs === undefined) return;
        const line = encodeBuildMessage({ event });
        sizeBytes += line.length;
        lines.push(line);
      },
      finish: (failure, cancelled) => {
        this.#running.delete(ref);
        this.#keep(record({ status: cancelled ? "Canceled" : failure ? "Error" : "Completed", completedAt: formatInstant(nowNs()), error: failure?.message }), failure ? [...lines, encodeBuildMessage({ failed: failure })] : lines);
      },
    };
  }

  /** The latest first. */
  list(): BuildRecord[] {
    const kept = this.#refs().flatMap((ref) => this.#read(ref)?.record ?? []);
    return [...[...this.#running.values()].map((running) => running().record), ...kept].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  }

  /** Its record, and messages as the client of the build had them. @throws EngineError NotFound */
  get(ref: string): { readonly record: BuildRecord; readonly lines: readonly string[] } {
    const found = this.#running.get(ref)?.() ?? (REF.test(ref) ? this.#read(ref) : undefined);
    if (!found) throw new EngineError("NotFound", `no record found for ref ${JSON.stringify(ref.slice(0, 100))}`);
    return found;
  }

  /** @throws EngineError NotFound */
  remove(ref: string): void {
    this.get(ref);
    rmSync(join(this.#root, ref), { force: true });
  }

  #refs(): string[] {
    return readdirSync(this.#root).filter((name) => REF.test(name));
  }

  #read(ref: string): { record: BuildRecord; lines: string[] } | undefined {
    try {
      const [first = "", ...lines] = readFileSync(join(this.#root, ref), "utf8").split("\n");
      return { record: JSON.parse(first) as BuildRecord, lines };
    } catch {
      return undefined; // it went, or was cut when the machine lost power
    }
  }

  #keep(record: BuildRecord, lines: readonly string[]): void {
    try {
      writeFileSync(join(this.#root, `${record.ref}.new`), [JSON.stringify(record), ...lines].join("\n"), { mode: 0o600 });
      renameSync(join(this.#root, `${record.ref}.new`), join(this.#root, record.ref));
    } catch {
      return; // a full disk: the build itself has come out well or told why not, ignoring
    }
    const refs = this.#refs();
    if (refs.length <= MAX_RECORDS) return;
    for (const { ref } of this.list().slice(MAX_RECORDS)) rmSync(join(this.#root, ref), { force: true });
  }
}
