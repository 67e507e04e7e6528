import { tryCall } from "./call.ts";
import { AT, O } from "./constants.ts";
import { ERRNO, SyscallError } from "./errno.ts";
import { closeFd, openat2 } from "./files.ts";
import { namespacePath } from "./namespaces.ts";
import { socketAddress } from "./port-socket.ts";
import { AF, SOCK, socketInNamespace } from "./sockets.ts";

/** A TCP socket in a process's network namespace, which does not block. @throws SyscallError */
export function tcpSocketInside(pid: number, address: string): number {
  const namespace = openat2(AT.FDCWD, namespacePath(pid, "net"), { flags: O.RDONLY });
  try {
    return socketInNamespace(namespace, address.includes(":") ? AF.INET6 : AF.INET, SOCK.STREAM | SOCK.NONBLOCK, 0);
  } finally {
    closeFd(namespace);
  }
}

/** Begins to connect, or tells how far it has come; to be called again while it is `pending`. @throws SyscallError why it cannot be */
export function connectTcp(fd: number, address: string, port: number): "connected" | "pending" {
  const target = socketAddress(address, port);
  const errno = -tryCall("connect", fd, target, target.length);
  if (errno === 0 || errno === EISCONN) return "connected";
  if (errno === ERRNO.EINPROGRESS || errno === ERRNO.EALREADY) return "pending";
  throw new SyscallError("connect", errno, address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`);
}

const EISCONN = 106;
