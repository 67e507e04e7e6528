import { GzipHelper } from "./gzip-helper.ts";
import type { LaunchGrowing } from "./growing.ts";
import { PackingMemory, type Slot } from "./packing-memory.ts";

const HELPERS = 2;
/** After the last use: a push packs layer after layer. */
const IDLE_MS = 1000;

/** Processes that pack, and the memory that they share with us; there while they are used, and a moment longer. */
export class GzipHelpers {
  #memory: PackingMemory | undefined;
  readonly #running: GzipHelper[] = [];
  readonly #free: (readonly Slot[])[] = [];
  readonly #waiting: ((slots: readonly Slot[]) => void)[] = [];
  #users = 0;
  #idle: ReturnType<typeof setTimeout> | undefined;

  /** @param groups of slots, so many at a time */
  constructor(
    readonly launch: LaunchGrowing,
    readonly groupSlots: number,
    readonly groups: number,
  ) {}

  /** Slots for one source alone, until they are given back with nothing under way in them. */
  async acquire(): Promise<readonly Slot[]> {
    clearTimeout(this.#idle);
    this.#open();
    this.#users++;
    const free = this.#free.pop();
    return free ?? (await new Promise((enter) => this.#waiting.push(enter)));
  }

  giveBack(slots: readonly Slot[]): void {
    const next = this.#waiting.shift();
    if (next) next(slots);
    else this.#free.push(slots);
    if (--this.#users === 0) this.#idle = setTimeout(() => this.#close(), IDLE_MS).unref();
  }

  /** The slot's output, for so many bytes of its input. @throws EngineError System when helpers end */
  async pack({ index, output }: Slot, length: number): Promise<Uint8Array> {
    // The input is still there when a helper is killed: another one makes the same of it.
    const packedBytes = await this.#helper().pack(index, length).catch(() => this.#helper().pack(index, length));
    return output.subarray(0, packedBytes);
  }

  #helper(): GzipHelper {
    const idlest = this.#running.toSorted((a, b) => a.pending - b.pending)[0];
    if (idlest && (idlest.pending === 0 || this.#running.length >= HELPERS)) return idlest;
    const helper: GzipHelper = new GzipHelper(this.launch({ argv: ["__gzip"], file: this.#open().file }), () => {
      if (this.#running.includes(helper)) this.#running.splice(this.#running.indexOf(helper), 1);
    });
    this.#running.push(helper);
    return helper;
  }

  #open(): PackingMemory {
    if (this.#memory) return this.#memory;
    const memory = new PackingMemory(this.groupSlots * this.groups);
    for (let at = 0; at < memory.slots.length; at += this.groupSlots) this.#free.push(memory.slots.slice(at, at + this.groupSlots));
    return (this.#memory = memory);
  }

  #close(): void {
    for (const helper of this.#running.splice(0)) helper.end();
    this.#free.length = 0;
    this.#memory?.[Symbol.dispose]();
    this.#memory = undefined;
  }
}
