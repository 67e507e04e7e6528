import { call } from "../../src/linux/call.ts";

/** A unix datagram socket that receives at `path`. */
export function bindUnixDatagram(path: string): number {
  const fd = call("socket", 1, 2 | 0o2000000, 0);
  const address = new Uint8Array(new ArrayBuffer(110));
  address[0] = 1;
  address.set(Buffer.from(path), 2);
  call("bind", fd, address, 3 + path.length);
  return fd;
}

/** The next one; waits for it. */
export function receiveDatagram(fd: number): Buffer {
  const bytes = new Uint8Array(new ArrayBuffer(65536));
  return Buffer.from(bytes.subarray(0, call("read", fd, bytes, bytes.length)));
}
