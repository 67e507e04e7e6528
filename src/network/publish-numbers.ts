import type { PortProtocol } from "../linux/mod.ts";
import { isIPv6, type PublishedPort } from "./publish-types.ts";

const WILDCARDS = new Set(["0.0.0.0", "::"]);

/** Which ports of the host are given to containers, and which number of a range is next. */
export class PortNumbers {
  /** `tcp 8080` → addresses. */
  readonly #taken = new Map<string, string[]>();
  /** By protocol and range, the number that was given last. */
  readonly #last = new Map<string, number>();

  /** The address, which meets this one, that a container has this port on. */
  takenOn(protocol: PortProtocol, hostIp: string, port: number): string | undefined {
    return this.#taken.get(`${protocol} ${port}`)?.find((other) => meet(other, hostIp));
  }

  take({ protocol, hostIp, hostPort }: PublishedPort): void {
    const key = `${protocol} ${hostPort}`;
    this.#taken.set(key, [...(this.#taken.get(key) ?? []), hostIp]);
  }

  give({ protocol, hostIp, hostPort }: PublishedPort): void {
    const key = `${protocol} ${hostPort}`;
    const left = [...(this.#taken.get(key) ?? [])];
    const at = left.indexOf(hostIp);
    if (at >= 0) left.splice(at, 1);
    if (left.length > 0) this.#taken.set(key, left);
    else this.#taken.delete(key);
  }

  /** Every number of the range once, beginning after the one that was given last: one that was given back is not at once another's. */
  *candidates(protocol: PortProtocol, first: number, last: number): Generator<number> {
    const key = `${protocol} ${first}-${last}`;
    const count = last - first + 1;
    const start = (this.#last.get(key) ?? last) - first + 1;
    for (let step = 0; step < count; step++) {
      const port = first + ((start + step) % count);
      this.#last.set(key, port);
      yield port;
    }
  }
}

function meet(one: string, other: string): boolean {
  return isIPv6(one) === isIPv6(other) && (one === other || WILDCARDS.has(one) || WILDCARDS.has(other));
}
