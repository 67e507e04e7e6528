import { closeFd } from "../linux/mod.ts";

/** The shim's fds: 3 the plan, 4 its listening socket, then those that the plan names. */
export const FIRST_PLAN_FD = 5;

/** Fds for one plan, closed when the shim has inherited them. */
export class PlanFds implements Disposable {
  readonly open: number[] = [];
  readonly #numbers = new Map<string, number>();

  /** @returns the shim's number of it */
  add(name: string, fd: number): number {
    const number = FIRST_PLAN_FD + this.open.length;
    this.#numbers.set(name, number);
    this.open.push(fd);
    return number;
  }

  numberOf(name: string): number {
    const number = this.#numbers.get(name);
    if (number === undefined) throw new Error(`no ${name} was opened for this plan`);
    return number;
  }

  /** 0 when nothing of that name was opened. */
  numberOrNone(name: string): number {
    return this.#numbers.get(name) ?? 0;
  }

  [Symbol.dispose](): void {
    for (const fd of this.open) closeFd(fd);
  }
}
