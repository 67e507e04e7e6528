import { AT, closeFd, insideBatch, linksToPid, namespacePath, O, openat2, Rtnetlink } from "../linux/mod.ts";
import { defaultRoutes, insidePlan, linkPlan, type LinkedEndpoint } from "./endpoint.ts";
import { renewWayToResolver } from "./resolver-way.ts";
import type { Endpoint } from "./types.ts";

/** Links a running container to one more network. `all`: its endpoints, this one too. @throws SyscallError; the caller takes the link back */
export function linkRunning(rtnl: Rtnetlink, pid: number, linked: LinkedEndpoint, all: readonly Endpoint[]): void {
  using inside = rtnetlinkInside(pid);
  const { messages, pidOffsets } = linksToPid([linkPlan(linked)]);
  for (const offset of pidOffsets) new DataView(messages.buffer).setUint32(offset, pid, true);
  rtnl.apply(messages);
  inside.socket.apply(insideBatch({ ...insidePlan([linked], { loopback: false }), routes: defaultRoutes(all) }));
  renewWayToResolver(inside.socket, all);
}

/** `left`: the container's other endpoints. One that has gone by itself is done. */
export async function unlinkRunning(rtnl: Rtnetlink, pid: number, endpoint: Endpoint, left: readonly Endpoint[]): Promise<void> {
  using inside = rtnetlinkInside(pid);
  if (endpoint.hostInterface !== "") await rtnl.deleteLinkLater(endpoint.hostInterface);
  else inside.socket.deleteLink(endpoint.interfaceName);
  inside.socket.apply(insideBatch({ loopback: false, links: [], routes: defaultRoutes(left) }));
  renewWayToResolver(inside.socket, left);
}

/** A socket in the container's network namespace. */
function rtnetlinkInside(pid: number): Disposable & { readonly socket: Rtnetlink } {
  const namespace = openat2(AT.FDCWD, namespacePath(pid, "net"), { flags: O.RDONLY });
  try {
    const socket = new Rtnetlink(namespace);
    return { socket, [Symbol.dispose]: () => socket[Symbol.dispose]() };
  } finally {
    closeFd(namespace);
  }
}
