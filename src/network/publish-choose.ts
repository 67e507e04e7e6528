import { EngineError } from "../base/mod.ts";
import { ERRNO, errnoMessage, hasCode, type ErrnoName } from "../linux/mod.ts";
import type { PortNumbers } from "./publish-numbers.ts";
import type { Hold } from "./publish-relay.ts";
import { isIPv6, type PortWish, type PublishedPort, type PublishTarget } from "./publish-types.ts";

/** A port that was chosen, and what has it. */
export interface HeldPort {
  readonly port: PublishedPort;
  readonly hold: Hold;
}

/** @throws Error with the code of bind(2) or listen(2) */
type TakePort = (port: PublishedPort) => Hold;

export interface Choice {
  readonly wish: PortWish;
  /** The same number on all of them. */
  readonly hostIps: readonly string[];
  readonly target: PublishTarget;
  readonly ephemeral: readonly [first: number, last: number];
}

/** Exact numbers first, so that no range takes them away; then as Docker orders them. */
export function inOrder(wishes: readonly PortWish[]): PortWish[] {
  const isChoice = ({ hostPorts }: PortWish): number => (hostPorts && hostPorts[0] === hostPorts[1] ? 0 : 1);
  return wishes.toSorted((a, b) => isChoice(a) - isChoice(b) || a.containerPort - b.containerPort || a.protocol.localeCompare(b.protocol) || (a.hostPorts?.[0] ?? 0) - (b.hostPorts?.[0] ?? 0));
}

/** @throws EngineError Conflict, InvalidParameter, System, in Docker's words; Docker answers all of them with 500 */
export function choosePort(numbers: PortNumbers, { wish, hostIps, target, ephemeral }: Choice, take: TakePort): HeldPort[] {
  const [first, last] = wish.hostPorts ?? ephemeral;
  const { protocol, containerPort } = wish;
  const portsOf = (hostPort: number): PublishedPort[] => hostIps.map((hostIp) => ({ protocol, containerPort, hostIp, hostPort }));
  if (first === last) {
    const [taken] = hostIps.flatMap((hostIp) => numbers.takenOn(protocol, hostIp, first) ?? []);
    if (taken !== undefined) throw new EngineError("Conflict", `Bind for ${taken}:${first} failed: port is already allocated`);
    return holdAll(portsOf(first), target, take);
  }
  for (const candidate of numbers.candidates(protocol, first, last)) {
    const ports = portsOf(candidate);
    if (hostIps.some((hostIp) => numbers.takenOn(protocol, hostIp, candidate) !== undefined)) continue;
    try {
      return holdAll(ports, target, take);
    } catch (error) {
      // A program of the host has that one.
      if (!(error instanceof EngineError) || !hasCode(error.cause, "EADDRINUSE")) throw error;
    }
  }
  throw new EngineError("Conflict", "all ports are allocated");
}

function holdAll(ports: readonly PublishedPort[], target: PublishTarget, take: TakePort): HeldPort[] {
  using undo = new DisposableStack();
  const held = ports.map((port) => {
    const hold = holdOne(port, target, take);
    undo.defer(() => hold.release());
    return { port, hold };
  });
  undo.move();
  return held;
}

/** @throws EngineError Conflict, InvalidParameter, System */
export function holdOne(port: PublishedPort, target: PublishTarget, take: TakePort): Hold {
  const { protocol, hostIp, hostPort, containerPort } = port;
  try {
    return take(port);
  } catch (cause) {
    if (!(cause instanceof Error) || !("code" in cause)) throw cause;
    const reason = errnoMessage(ERRNO[cause.code as ErrnoName] ?? 0);
    const inside = isIPv6(hostIp) && target.ip6 !== "" ? target.ip6 : target.ip;
    if (hasCode(cause, "EPROTONOSUPPORT")) throw new EngineError("InvalidParameter", `error starting userland proxy: failed to listen on ${hostPortText(hostIp, hostPort)}: ${reason}`, { cause });
    const kind = hasCode(cause, "EADDRINUSE") ? "Conflict" : hasCode(cause, "EADDRNOTAVAIL") ? "InvalidParameter" : "System";
    throw new EngineError(kind, `failed to bind host port for ${hostPortText(hostIp, hostPort)}:${hostPortText(inside, containerPort)}/${protocol}: ${reason}`, { cause });
  }
}

function hostPortText(address: string, port: number): string {
  return `${isIPv6(address) ? `[${address}]` : address}:${port}`;
}
