import { EngineError, messageOf } from "../base/mod.ts";
import { Rtnetlink, SyscallError, type Link } from "../linux/mod.ts";
import type { NetworkRecord } from "./types.ts";

const VLAN_NAME = /^(.+)\.(\d{1,4})$/;

/** Of a network that names no interface of the host: Docker's name of what it makes itself. */
export const ownParentName = ({ driver, id }: Pick<NetworkRecord, "driver" | "id">): string => `${driver === "macvlan" ? "dm" : "di"}-${id.slice(0, 12)}`;

/**
 * The host's interface of a macvlan or ipvlan network; a VLAN of one, and one that leads nowhere, are made where they are not there.
 * @param alias by which one of the network's own is found again without its network
 * @returns its index
 */
export function ensureParent(rtnl: Rtnetlink, network: NetworkRecord, alias: string): number {
  const { interfaceName: name, driver } = network;
  const existing = rtnl.link(name);
  if (existing) return existing.index;
  if (name === ownParentName(network)) return createOwnParent(rtnl, network, alias);
  const [, base = "", vlan = ""] = VLAN_NAME.exec(name) ?? [];
  if (base === "") throw new EngineError("InvalidParameter", `invalid subinterface vlan name ${name}, example formatting is eth0.10`);
  const parent = rtnl.link(base);
  if (!parent) throw new EngineError("InvalidParameter", `failed to find master interface ${base} on the host: a ${driver} network needs one that is there`);
  if (Number(vlan) < 1 || Number(vlan) > 4094) throw new EngineError("InvalidParameter", `vlan id must be between 1-4094, received: ${vlan}`);
  return orUnsupported(`VLANs (8021q)`, () => rtnl.createVlan(name, parent.index, Number(vlan)));
}

/** A bridge without ports: every kernel that runs this engine has it, which is not so of Docker's dummy interfaces. */
function createOwnParent(rtnl: Rtnetlink, { interfaceName, mtu }: NetworkRecord, alias: string): number {
  const index = rtnl.createBridge(interfaceName, mtu > 0 ? { mtu } : {});
  rtnl.setAlias(index, alias);
  rtnl.setUp(index);
  return index;
}

/** One that a network made goes with it. */
export function removeParent(rtnl: Rtnetlink, network: NetworkRecord): void {
  const link: Link | undefined = rtnl.link(network.interfaceName);
  if (link?.kind === "vlan" || network.interfaceName === ownParentName(network)) rtnl.deleteLink(network.interfaceName);
}

/** The kernel says which kinds of interfaces it has only when asked for one. */
export function requireKind(rtnl: Rtnetlink, { driver }: NetworkRecord, parent: number): void {
  if (driver !== "macvlan" && driver !== "ipvlan") return;
  const probe = `hk${crypto.getRandomValues(new Uint32Array(1))[0]?.toString(16)}`;
  orUnsupported(driver, () => rtnl.createSubInterface(probe, driver, parent));
  rtnl.deleteLink(probe);
}

function orUnsupported<T>(what: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof SyscallError && (error.code === "EOPNOTSUPP" || error.code === "ENODEV")) throw new EngineError("NotImplemented", `this kernel has no ${what}: operation not supported`, { cause: error });
    if (error instanceof SyscallError) throw new EngineError("InvalidParameter", `the kernel refuses ${what} there: ${messageOf(error)}`, { cause: error });
    throw error;
  }
}
