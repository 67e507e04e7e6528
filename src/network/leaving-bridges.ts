import { setImmediate } from "node:timers/promises";
import { messageOf } from "../base/mod.ts";
import type { Rtnetlink } from "../linux/mod.ts";

/** Longer than those wait who remove a network to make it anew. */
const LEAVES_AFTER_MS = 500;
const MOST_WAITING = 16;

/**
 * Bridges whose network is gone. The kernel needs 20 to 40 ms to take one away, and holds its lock on all links of the machine meanwhile,
 * so that whoever makes a link waits: they go some time later, without anybody waiting, and one after the other.
 * A crash meanwhile leaves bridges without a network, which the next start finds by their aliases.
 */
export class LeavingBridges {
  readonly #rtnl: Pick<Rtnetlink, "deleteLinkLater">;
  readonly #report: (sentence: string) => void;
  readonly #names = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #going: Promise<void> = Promise.resolve();
  #one: Promise<void> = Promise.resolve();

  constructor(rtnl: Pick<Rtnetlink, "deleteLinkLater">, report: (sentence: string) => void) {
    this.#rtnl = rtnl;
    this.#report = report;
  }

  add(name: string): void {
    this.#names.add(name);
    this.#timer ??= setTimeout(() => void this.gone(), LEAVES_AFTER_MS).unref();
    if (this.#names.size >= MOST_WAITING) void this.gone();
  }

  /** Resolves when the kernel's lock is free, as far as it is ours, and none of this name is on its way out. */
  async roomFor(name = ""): Promise<void> {
    await (this.#names.has(name) ? this.gone() : this.#one);
  }

  /** Takes all of them away. Resolves when they are. */
  gone(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return (this.#going = this.#going.then(() => this.#removeAll()));
  }

  async #removeAll(): Promise<void> {
    for (const name of this.#names) {
      this.#one = this.#rtnl.deleteLinkLater(name).catch((error: unknown) => this.#report(`the bridge ${name} could not be removed: ${messageOf(error)}, ignoring; the next start of the engine tries again`));
      await this.#one;
      this.#names.delete(name);
      // Those who waited for this one are first.
      await setImmediate();
    }
  }
}
