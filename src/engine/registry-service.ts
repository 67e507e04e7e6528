import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import { EngineError, formatInstant, KeyedLock, messageOf, nowNs, syncFolder } from "../base/mod.ts";
import { kill, ownProcessesWith, processStart, reap } from "../linux/mod.ts";
import type { EngineContext } from "./context.ts";
import { folderBytes } from "./folder-bytes.ts";

/** Values for the flags of `hako registry serve`, by their names. */
export type RegistryFlags = Readonly<Record<string, string>>;

export interface RegistryServiceParts {
  readonly dataRoot: string;
  /** Runs our own program with these words; it goes on when the engine ends. @returns its number */
  readonly launch: (words: readonly string[], files: { readonly logPath: string; readonly alivePath: string }) => number;
  /** Waits for the end of the process that was launched with this path, also by another engine. @returns false when it cannot */
  readonly ended: (alivePath: string, signal: AbortSignal) => Promise<boolean>;
  readonly log: (sentence: string) => void;
}

export interface RegistryServiceStatus {
  readonly Enabled: boolean;
  readonly Running: boolean;
  /** Empty, 0 and empty while it does not run. */
  readonly Address: string;
  readonly Pid: number;
  readonly Since: string;
  /** The folder of the content; empty for an object storage, whose bytes are not counted. */
  readonly Root: string;
  readonly StorageBytes: number;
}

interface Run {
  readonly pid: number;
  /** What tells the process from a later one of the same number. */
  readonly start: number;
  readonly url: string;
  readonly since: string;
}

const DEFAULTS: RegistryFlags = { addr: "127.0.0.1:5000", "access-log": "none" };
const READY_MS = 20_000;
/** The server gives requests under way ten seconds. */
const STOP_MS = 12_000;
/** Where there is nothing to wait on. */
const LOOK_MS = 250;
const TRIM_MS = 60_000;
const PAUSE_MS = 20;
const LOG_BYTES = 1024 * 1024;
const [FIRST_DELAY_MS, LONGEST_DELAY_MS, SETTLED_MS] = [100, 60_000, 10_000];
const [SIGTERM, SIGKILL] = [15, 9];

/**
 * The registry as a process beside the engine. It is on as long as its settings file is there; its process goes on without the
 * engine and is found again by its command line, its number and the time of its start.
 *
 *   <data root>/registry/{settings.json,run.json,log,alive}   content/ unless the settings name another place
 */
export class RegistryService {
  readonly #parts: RegistryServiceParts;
  readonly #folder: string;
  readonly #lock = new KeyedLock();
  #run: Run | undefined;
  /** The watch that is in charge. */
  #watch: AbortController | undefined;

  constructor(parts: RegistryServiceParts) {
    this.#parts = parts;
    this.#folder = join(parts.dataRoot, "registry");
  }

  /** Finds the process again, or starts it when it was on. */
  async recover(): Promise<void> {
    using _hold = await this.#lock.acquire("");
    if (!existsSync(this.#folder)) return;
    if (!this.#settings()) return await this.#end();
    const kept = this.#read<Run>("run.json");
    if (kept && isAlive(kept) && this.#processes().includes(kept.pid)) this.#run = kept;
    void this.#keepUp();
  }

  /** @throws EngineError Conflict when it is on, InvalidParameter with the server's own sentence when it does not start */
  async start(given: RegistryFlags): Promise<RegistryServiceStatus> {
    using _hold = await this.#lock.acquire("");
    if (this.#settings()) throw new EngineError("Conflict", `the registry is on already${this.#run ? ` at ${this.#run.url}` : ""}: hako registry stop ends it`);
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.#write("settings.json", { ...DEFAULTS, ...(given["storage"] !== "s3" && { root: join(this.#folder, "content") }), ...given });
    try {
      await this.#launch();
    } catch (error) {
      this.#remove("settings.json");
      throw new EngineError("InvalidParameter", `the registry did not start: ${messageOf(error)}`);
    }
    void this.#keepUp();
    return await this.status();
  }

  /** Its content stays. */
  async stop(): Promise<void> {
    using _hold = await this.#lock.acquire("");
    this.close();
    this.#remove("settings.json");
    await this.#end();
  }

  async status(): Promise<RegistryServiceStatus> {
    const { Root: root, ...state } = this.state();
    return { ...state, Root: root, StorageBytes: root === "" ? 0 : await folderBytes(root) };
  }

  /** Its status without the bytes, which take time to count. */
  state(): Omit<RegistryServiceStatus, "StorageBytes"> {
    const settings = this.#settings();
    const run = this.#run && isAlive(this.#run) ? this.#run : undefined;
    return { Enabled: settings !== undefined, Running: run !== undefined, Address: run?.url ?? "", Pid: run?.pid ?? 0, Since: run?.since ?? "", Root: settings?.["root"] ?? "" };
  }

  /** Lets go of it: it runs on. */
  close(): void {
    this.#watch?.abort();
    this.#watch = undefined;
  }

  /** Starts it again whenever it has ended, as restart policies do. */
  async #keepUp(): Promise<void> {
    this.close();
    const watch = (this.#watch = new AbortController());
    let delayMs = FIRST_DELAY_MS;
    while (this.#watch === watch) {
      if (this.#run && isAlive(this.#run)) {
        this.#trimLog();
        const waited = await this.#parts.ended(this.#path("alive"), AbortSignal.any([watch.signal, AbortSignal.timeout(TRIM_MS)]));
        // Its descriptors go a moment before it does.
        await Bun.sleep(waited ? PAUSE_MS : LOOK_MS);
        continue;
      }
      if (this.#run) this.#parts.log(`the registry has ended and is started again${this.#lastWords()}`);
      if (this.#run && Date.now() - Date.parse(this.#run.since) >= SETTLED_MS) delayMs = FIRST_DELAY_MS;
      this.#run = undefined;
      await Bun.sleep(delayMs);
      delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS);
      await this.#startAgain(watch);
    }
  }

  async #startAgain(watch: AbortController): Promise<void> {
    using _hold = await this.#lock.acquire("");
    if (this.#watch !== watch) return;
    try {
      await this.#launch();
    } catch (error) {
      this.#parts.log(`the registry could not be started, and is tried again: ${messageOf(error)}`);
    }
  }

  async #launch(): Promise<void> {
    // A crash may have come between a process and the file that names it.
    await this.#end();
    const pid = this.#parts.launch(this.#words(), { logPath: this.#path("log"), alivePath: this.#path("alive") });
    const start = processStart(pid) ?? 0;
    const url = await this.#listening({ pid, start });
    const run = { pid, start, url, since: formatInstant(nowNs()) };
    this.#write("run.json", run);
    this.#run = run;
  }

  async #listening(run: Pick<Run, "pid" | "start">): Promise<string> {
    for (const deadline = Date.now() + READY_MS; ; await Bun.sleep(PAUSE_MS)) {
      const url = / listens on (\S+)\n/.exec(this.#log())?.[1];
      if (url !== undefined) return url;
      if (!isAlive(run)) throw new Error(lastLine(this.#log()) || "it ended at once");
      if (Date.now() < deadline) continue;
      await this.#end();
      throw new Error(`it does not listen after ${READY_MS / 1000} seconds`);
    }
  }

  /** Ends every process of this service, known or not. */
  async #end(): Promise<void> {
    this.#run = undefined;
    const left = this.#processes().map((pid) => ({ pid, start: processStart(pid) ?? 0 }));
    for (const { pid } of left) kill(pid, SIGTERM);
    const deadline = Date.now() + STOP_MS;
    while (left.some(isAlive) && Date.now() < deadline) await Bun.sleep(PAUSE_MS);
    for (const run of left.filter(isAlive)) kill(run.pid, SIGKILL);
    while (left.some(isAlive)) await Bun.sleep(PAUSE_MS);
    for (const name of ["run.json", "log", "alive"]) this.#remove(name);
  }

  #words(): string[] {
    return ["registry", "serve", "--config-file", this.#path("settings.json")];
  }

  #processes(): number[] {
    return ownProcessesWith(this.#words());
  }

  #settings(): RegistryFlags | undefined {
    return this.#read<RegistryFlags>("settings.json");
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  #log(): string {
    try {
      return readFileSync(this.#path("log"), "utf8");
    } catch {
      // Nothing has been said yet.
      return "";
    }
  }

  #lastWords(): string {
    const said = lastLine(this.#log());
    return said === "" ? "" : `; it said: ${said}`;
  }

  #trimLog(): void {
    try {
      if (statSync(this.#path("log")).size > LOG_BYTES) truncateSync(this.#path("log"));
    } catch {
      // Somebody removed it: nothing to trim, ignoring.
    }
  }

  #read<T>(name: string): T | undefined {
    try {
      return JSON.parse(readFileSync(this.#path(name), "utf8")) as T;
    } catch {
      // Absent: files are written aside and renamed.
      return undefined;
    }
  }

  #write(name: string, value: unknown): void {
    const path = this.#path(name);
    const fd = openSync(`${path}.new`, "w", 0o600);
    try {
      writeSync(fd, JSON.stringify(value));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(`${path}.new`, path);
    syncFolder(this.#folder);
  }

  #remove(name: string): void {
    rmSync(this.#path(name), { force: true });
  }
}

/** Reaps it when it is our child: an engine's own processes would stay as zombies. */
function isAlive({ pid, start }: Pick<Run, "pid" | "start">): boolean {
  if (processStart(pid) === start) return true;
  reap(pid);
  return false;
}

/** Without the time it begins with. */
const lastLine = (text: string): string => (text.trim().split("\n").at(-1) ?? "").replace(/^\d{4}-\S+ (?:error: )?/, "");

export const startRegistry = (ctx: EngineContext, settings: RegistryFlags): Promise<RegistryServiceStatus> => ctx.registry.start(settings);
export const stopRegistry = (ctx: EngineContext): Promise<void> => ctx.registry.stop();
export const registryStatus = (ctx: EngineContext): Promise<RegistryServiceStatus> => ctx.registry.status();
