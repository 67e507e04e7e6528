import type { ExecCreateRequest } from "../spec/mod.ts";
import type { Shim } from "./ports.ts";

/** created ─▶ running ─▶ exited; a start that fails goes from created to exited. */
export type ExecState = { readonly status: "created" } | { readonly status: "running"; readonly shim: Shim; readonly pid: number } | { readonly status: "exited"; readonly exitCode: number; readonly pid: number };

export interface ExecRecord {
  readonly id: string;
  readonly containerId: string;
  readonly request: ExecCreateRequest;
  readonly detachKeys: Uint8Array;
  /** A probe of the engine's: it ends with the engine, and is forgotten at its end. */
  readonly ofEngine?: boolean;
  state: ExecState;
  /** Settles when the start that was asked for has come to something. */
  starting?: Promise<void>;
}

/** Ended execs that inspect still knows of, in all. */
const KEPT_ENDED = 1024;
/** Of these, so many are known to the next engine as well: their files take memory. */
const KEPT_FILES = 128;

/** Execs live with their container; recovery finds those of the engine before. */
export class ExecTable {
  readonly #byId = new Map<string, ExecRecord>();
  readonly #byContainer = new Map<string, Set<string>>();
  readonly #ended = new Set<string>();
  readonly #withFiles = new Set<string>();

  /** `dropped` is told of each exec whose files are of no more use. */
  constructor(private readonly dropped: (id: string) => void = () => undefined) {}

  get(id: string): ExecRecord | undefined {
    return this.#byId.get(id);
  }

  add(record: ExecRecord): void {
    this.#byId.set(record.id, record);
    const ids = this.#byContainer.get(record.containerId);
    if (ids) ids.add(record.id);
    else this.#byContainer.set(record.containerId, new Set([record.id]));
  }

  /** The execs that inspect lists: those not over. */
  ofContainer(containerId: string): readonly string[] {
    return [...(this.#byContainer.get(containerId) ?? [])].filter((id) => this.#byId.get(id)?.state.status !== "exited");
  }

  end(record: ExecRecord, exitCode: number): void {
    record.state = { status: "exited", exitCode, pid: record.state.status === "running" ? record.state.pid : 0 };
    if (record.ofEngine) return;
    this.#ended.add(record.id);
    this.#withFiles.add(record.id);
    const [first] = this.#withFiles;
    if (this.#withFiles.size > KEPT_FILES && first !== undefined) this.#dropFiles(first);
    const [oldest] = this.#ended;
    if (this.#ended.size > KEPT_ENDED && oldest !== undefined) this.delete(oldest);
  }

  dropContainer(containerId: string): void {
    for (const id of this.#byContainer.get(containerId) ?? []) this.delete(id);
  }

  delete(id: string): void {
    const record = this.#byId.get(id);
    if (!record) return;
    this.#byId.delete(id);
    this.#ended.delete(id);
    this.#dropFiles(id);
    const ids = this.#byContainer.get(record.containerId);
    ids?.delete(id);
    if (ids?.size === 0) this.#byContainer.delete(record.containerId);
  }

  #dropFiles(id: string): void {
    this.#withFiles.delete(id);
    this.dropped(id);
  }
}
