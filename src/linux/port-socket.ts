import { pinned } from "./addon.ts";
import { call, tryCall } from "./call.ts";
import { closeFd } from "./files.ts";
import { getSysctl } from "./host.ts";
import { addressBytes } from "./ip-address.ts";
import { AF, SOCK } from "./sockets.ts";

export type PortProtocol = "tcp" | "udp" | "sctp";

const IPPROTO_SCTP = 132;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;

/**
 * A socket that has the port, so that no other program of the host can: as a server would have it, and nobody accepts.
 * Closing it gives the port back. @throws SyscallError EADDRINUSE, EADDRNOTAVAIL, EACCES, EPROTONOSUPPORT
 */
export function holdPort(protocol: PortProtocol, address: string, port: number): number {
  const name = socketAddress(address, port);
  const [type, number] = protocol === "udp" ? [SOCK.DGRAM, 0] : [SOCK.STREAM, protocol === "sctp" ? IPPROTO_SCTP : 0];
  const fd = call("socket", address.includes(":") ? AF.INET6 : AF.INET, type | SOCK.CLOEXEC, number);
  try {
    if (address.includes(":")) setOne(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    // Connections of an earlier server that are not quite over do not count, as they would not to a server.
    if (type === SOCK.STREAM) setOne(fd, SOL_SOCKET, SO_REUSEADDR);
    call("bind", fd, name, name.length);
    if (type === SOCK.STREAM) call("listen", fd, 0);
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

function setOne(fd: number, level: number, option: number): void {
  const one = pinned(4);
  one[0] = 1;
  call("setsockopt", fd, level, option, one, one.length);
}

/** struct sockaddr_in, sockaddr_in6. */
export function socketAddress(address: string, port: number): Uint8Array {
  const bytes = addressBytes(address);
  const four = bytes.length === 4;
  const target = new Uint8Array(four ? 16 : 28);
  const view = new DataView(target.buffer);
  view.setUint16(0, four ? AF.INET : AF.INET6, true);
  view.setUint16(2, port);
  target.set(bytes, four ? 4 : 8);
  return target;
}

const SHUT_WR = 1;

/** The peer reads to the end of what was sent; what it sends is still read. One that has gone is done. */
export function endWriting(fd: number): void {
  tryCall("shutdown", fd, SHUT_WR);
}

/** Numbers that the kernel gives to whoever asks for any port. */
export function ephemeralPorts(): readonly [first: number, last: number] {
  const [first = Number.NaN, last = Number.NaN] = (getSysctl("net.ipv4.ip_local_port_range") ?? "").split(/\s+/).map(Number);
  return first > 0 && last >= first ? [first, last] : [32_768, 60_999];
}
