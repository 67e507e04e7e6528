import { Refusal } from "./refusal.ts";
import type { RegistryLimits } from "./settings.ts";

const BURST_SECONDS = 10;
const MAX_ADDRESSES = 10_000;
const FAILURES_PER_MINUTE = 30;
const MINUTE_SECONDS = 60;

/** How much of its allowance an address has left, and when that was reckoned. */
interface Allowance {
  left: number;
  atMs: number;
}

/** Allowances that refill with time, one per address; the oldest address is forgotten first. */
class Allowances {
  readonly #byAddress = new Map<string, Allowance>();

  constructor(
    readonly size: number,
    readonly perSecond: number,
  ) {}

  left(address: string): number {
    return this.#of(address).left;
  }

  take(address: string): void {
    const allowance = this.#of(address);
    allowance.left -= 1;
    this.#byAddress.delete(address);
    this.#byAddress.set(address, allowance);
    const oldest = this.#byAddress.size > MAX_ADDRESSES ? this.#byAddress.keys().next().value : undefined;
    if (oldest !== undefined) this.#byAddress.delete(oldest);
  }

  #of(address: string): Allowance {
    const nowMs = Date.now();
    const known = this.#byAddress.get(address) ?? { left: this.size, atMs: nowMs };
    known.left = Math.min(this.size, known.left + ((nowMs - known.atMs) / 1000) * this.perSecond);
    known.atMs = nowMs;
    return known;
  }
}

/** Who is let in: not too many at once, not too many of one address, and nobody who guesses passwords. */
export class Admission {
  readonly #requestsAtOnce: number;
  readonly #rate: Allowances | undefined;
  readonly #failures = new Allowances(FAILURES_PER_MINUTE, FAILURES_PER_MINUTE / MINUTE_SECONDS);
  #underWay = 0;

  constructor({ requestsAtOnce, requestsPerSecond }: RegistryLimits) {
    this.#requestsAtOnce = requestsAtOnce;
    if (requestsPerSecond > 0) this.#rate = new Allowances(requestsPerSecond * BURST_SECONDS, requestsPerSecond);
  }

  /** @returns what to dispose when the request has been answered @throws Refusal TOOMANYREQUESTS */
  enter(address: string): Disposable {
    if (this.#underWay >= this.#requestsAtOnce) throw busy("too many requests are under way", 1);
    if (this.#rate) {
      if (this.#rate.left(address) < 1) throw busy("too many requests from this address", 1);
      this.#rate.take(address);
    }
    this.#underWay++;
    return { [Symbol.dispose]: () => void this.#underWay-- };
  }

  /** @throws Refusal TOOMANYREQUESTS for an address that has failed to authenticate too often */
  mayAuthenticate(address: string): void {
    if (this.#failures.left(address) < 1) throw busy("too many failed attempts to authenticate from this address", MINUTE_SECONDS);
  }

  failedToAuthenticate(address: string): void {
    this.#failures.take(address);
  }

  get underWay(): number {
    return this.#underWay;
  }
}

const busy = (reason: string, seconds: number): Refusal => new Refusal("TOOMANYREQUESTS", `${reason}: try again later`, { headers: { "Retry-After": String(seconds) } });
