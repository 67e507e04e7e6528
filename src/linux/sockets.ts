import { addon, pinned } from "./addon.ts";
import { call, callOn, tryCall } from "./call.ts";
import { AT, O } from "./constants.ts";
import { SyscallError } from "./errno.ts";
import { closeFd, fchmodat, openat2, unlinkat } from "./files.ts";
import { fdPath } from "./xattrs.ts";

export const AF = { UNIX: 1, INET: 2, INET6: 10, NETLINK: 16 } as const;
export const SOCK = { STREAM: 1, DGRAM: 2, RAW: 3, SEQPACKET: 5, NONBLOCK: 0o4000, CLOEXEC: 0o2000000 } as const;

const SUN_PATH_BYTES = 108;
const BACKLOG = 128;

const SIOCOUTQ = 0x5411;

/** What the other end of a unix socket has not read yet; more than its bytes, for the kernel counts its own buffers; 0 when it has read all, or cannot be asked. */
export function unreadByPeer(fd: number): number {
  const count = pinned(4);
  if (tryCall("ioctl", fd, SIOCOUTQ, count) < 0) return 0;
  return new DataView(count.buffer, count.byteOffset).getInt32(0, true);
}

/**
 * A unix stream socket, bound with this mode and listening; an existing socket file of that name is replaced.
 * Paths longer than sockaddr_un holds are bound relative to their folder's descriptor.
 */
export function listenUnix(path: string, mode = 0o600): number {
  const fd = call("socket", AF.UNIX, SOCK.STREAM | SOCK.CLOEXEC, 0);
  try {
    removeOld(path);
    // The socket file takes the mode of the socket's own inode: never a moment with a wider one than asked for.
    call("fchmod", fd, mode);
    withShortPath(path, (short) => callOn(path, "bind", fd, unixAddress(short), addressLength(short)));
    // The umask has cut it.
    fchmodat(AT.FDCWD, path, mode);
    call("listen", fd, BACKLOG);
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/** A connected unix stream socket. @throws SyscallError ECONNREFUSED, ENOENT: nobody listens */
export function connectUnix(path: string): number {
  const fd = call("socket", AF.UNIX, SOCK.STREAM | SOCK.CLOEXEC, 0);
  try {
    withShortPath(path, (short) => callOn(path, "connect", fd, unixAddress(short), addressLength(short)));
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/** A unix datagram socket that sends to `path` and does not wait. @throws SyscallError ECONNREFUSED, ENOENT: nobody listens */
export function connectUnixDatagram(path: string): number {
  const fd = call("socket", AF.UNIX, SOCK.DGRAM | SOCK.CLOEXEC | SOCK.NONBLOCK, 0);
  try {
    withShortPath(path, (short) => callOn(path, "connect", fd, unixAddress(short), addressLength(short)));
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

const EAGAIN = 11;
const EINVAL = 22;
const ENOSYS = 38;
const MSG_NOSIGNAL = 0x4000;

/** False when the receiver has no room at present. @throws SyscallError ECONNREFUSED when it has gone, EMSGSIZE */
export function trySend(socket: number, bytes: Uint8Array): boolean {
  const result = tryCall("sendto", socket, bytes, bytes.length, MSG_NOSIGNAL, null, 0);
  if (result < 0 && result !== -EAGAIN) throw new SyscallError("sendto", -result);
  return result >= 0;
}

function removeOld(path: string): void {
  try {
    unlinkat(AT.FDCWD, path);
  } catch (error) {
    if (!(error instanceof SyscallError) || error.code !== "ENOENT") throw error;
  }
}

function withShortPath(path: string, use: (path: string) => void): void {
  if (Buffer.byteLength(path) < SUN_PATH_BYTES) return use(path);
  const slash = path.lastIndexOf("/");
  const folder = openat2(AT.FDCWD, path.slice(0, slash) || "/", { flags: O.PATH | O.DIRECTORY });
  try {
    use(`${fdPath(folder)}/${path.slice(slash + 1)}`);
  } finally {
    closeFd(folder);
  }
}

function unixAddress(path: string): Uint8Array {
  const address = pinned(2 + SUN_PATH_BYTES);
  const bytes = Buffer.from(path);
  if (bytes.length >= SUN_PATH_BYTES) throw new SyscallError("bind", 36, path);
  address[0] = AF.UNIX;
  address.set(bytes, 2);
  return address;
}

function addressLength(path: string): number {
  return 2 + Buffer.byteLength(path) + 1;
}

/** Two connected unix sockets. */
export function socketPair(type: number = SOCK.STREAM): [number, number] {
  const pair = pinned(8);
  call("socketpair", AF.UNIX, type | SOCK.CLOEXEC, 0, pair);
  const view = new DataView(pair.buffer);
  return [view.getInt32(0, true), view.getInt32(4, true)];
}

const SOL_SOCKET = 1;
const SO_SNDBUFFORCE = 32;

/** Room for bytes that the other end has not read yet: the more there is, the fewer turns two processes take with one another. */
export function setSendBuffer(fd: number, sizeBytes: number): void {
  const value = pinned(4);
  new DataView(value.buffer).setInt32(0, sizeBytes, true);
  call("setsockopt", fd, SOL_SOCKET, SO_SNDBUFFORCE, value, value.length);
}

/** Bytes and descriptors in one message; at least one byte. */
export function sendFds(socket: number, bytes: Uint8Array, fds: readonly number[]): number {
  const sent = addon().sendFds(socket, bytes, fds);
  if (sent < 0) throw new SyscallError("sendmsg", -sent);
  return sent;
}

export function recvFds(socket: number, bytes: Uint8Array): { length: number; fds: number[] } {
  const [length = 0, ...fds] = addon().recvFds(socket, bytes);
  if (length < 0) throw new SyscallError("recvmsg", -length);
  return { length, fds };
}

const CLONE_NEWNET = 0x40000000;

/** A socket that lives in another network namespace. This thread alone is there for the moment in which it is made: namespaces are a thread's own. */
export function socketInNamespace(namespaceFd: number, domain: number, type: number, protocol: number): number {
  const own = openat2(AT.FDCWD, "/proc/thread-self/ns/net", { flags: O.RDONLY });
  try {
    call("setns", namespaceFd, CLONE_NEWNET);
    try {
      return call("socket", domain, type | SOCK.CLOEXEC, protocol);
    } finally {
      // Whatever follows would be done in a container's network.
      if (tryCall("setns", own, CLONE_NEWNET) < 0) process.abort();
    }
  } finally {
    closeFd(own);
  }
}

const POLLERR = 0x8;
const POLLHUP = 0x10;

/** Whether nobody is left at the other end of a connected socket; never waits. */
export function peerIsGone(fd: number): boolean {
  const entry = pinned(8);
  const view = new DataView(entry.buffer);
  view.setInt32(0, fd, true);
  const now = pinned(16);
  call("ppoll", entry, 1, now, null, 0);
  return (view.getInt16(6, true) & (POLLERR | POLLHUP)) !== 0;
}

const POLLIN = 0x1;
const POLLOUT = 0x4;

/** Waits until one of the descriptors can be read or written as asked, or has come to its end. */
function waitFor(...wanted: readonly { readonly fd: number; readonly events: number }[]): void {
  const entries = pinned(8 * wanted.length);
  const view = new DataView(entries.buffer);
  for (const [index, { fd, events }] of wanted.entries()) {
    view.setInt32(8 * index, fd, true);
    view.setInt16(8 * index + 4, events, true);
  }
  call("ppoll", entries, wanted.length, null, null, 0);
}

/** Writes all of it to a socket that somebody has made non-blocking, waiting where it is full. @throws SyscallError EPIPE */
export function writeSocket(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) {
    const written = tryCall("write", fd, done === 0 ? bytes : bytes.subarray(done), bytes.length - done);
    if (written >= 0) done += written;
    else if (written === -EAGAIN) waitFor({ fd, events: POLLOUT });
    else throw new SyscallError("write", -written);
  }
}

/** The next bytes of a socket that somebody has made non-blocking, 0 at its end. Gives up with 0 when the other end of `watched` closes meanwhile. */
export function readSocket(fd: number, bytes: Uint8Array, watched?: number): number {
  for (;;) {
    const length = tryCall("read", fd, bytes, bytes.length);
    if (length >= 0) return length;
    if (length !== -EAGAIN) throw new SyscallError("read", -length);
    if (watched !== undefined && peerIsGone(watched)) return 0;
    waitFor({ fd, events: POLLIN }, ...(watched === undefined ? [] : [{ fd: watched, events: 0 }]));
  }
}

const MAX_SENT_AT_ONCE = 1 << 30;

/** Sends what follows in a file, in the kernel alone. @returns how many bytes; fewer where the file ends or its file system cannot. @throws SyscallError EPIPE */
export function sendFile(socket: number, file: number, sizeBytes: number): number {
  for (let done = 0; done < sizeBytes; ) {
    const sent = tryCall("sendfile", socket, file, null, Math.min(sizeBytes - done, MAX_SENT_AT_ONCE));
    if (sent > 0) done += sent;
    else if (sent === -EAGAIN) waitFor({ fd: socket, events: POLLOUT });
    else if (sent === 0 || sent === -EINVAL || sent === -ENOSYS) return done;
    else throw new SyscallError("sendfile", -sent);
    if (done === sizeBytes) return done;
  }
  return sizeBytes;
}
