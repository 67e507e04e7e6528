import { ERRNO, loopbackGuardBatch, resolverLinkBatch, SyscallError, type Rtnetlink } from "../linux/mod.ts";
import { defaultRoutes } from "./endpoint.ts";
import type { Attachment, Endpoint } from "./types.ts";

/** With what a container that starts needs to reach a resolver; nothing more when none of its networks has one. */
export function withWayToResolver({ endpoints, netlink }: Attachment): Attachment {
  const way = wayToResolver(endpoints);
  return way.length === 0 ? { endpoints, netlink } : { endpoints, netlink: { ...netlink, inside: Buffer.concat([netlink.inside, loopbackGuardBatch(), way]) } };
}

/** The way of a running container after its networks have changed. */
export function renewWayToResolver(socket: Rtnetlink, endpoints: readonly Endpoint[]): void {
  const way = wayToResolver(endpoints);
  if (way.length === 0) return;
  try {
    socket.apply(loopbackGuardBatch());
  } catch (error) {
    // They are there since the container began, or since its first network with a resolver.
    if (!(error instanceof SyscallError) || error.errno !== ERRNO.EEXIST) throw error;
  }
  socket.apply(way);
}

/** Over the network that the default route takes, else the first: any of them knows all names. */
function wayToResolver(endpoints: readonly Endpoint[]): Uint8Array {
  const [route] = defaultRoutes(endpoints);
  const resolving = endpoints.filter(({ resolver }) => resolver !== "");
  const chosen = resolving.find(({ insideIndex }) => insideIndex === route?.index) ?? resolving[0];
  return chosen ? resolverLinkBatch({ index: chosen.insideIndex, gateway: chosen.resolver, address: chosen.ip }) : new Uint8Array();
}
