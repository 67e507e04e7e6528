/**
 * Gives the memory of bytes back that nobody reads again. The collector would get to it late: it counts objects, and a body that streams
 * through leaves few of them, with much behind each.
 */
export function giveBack({ buffer, byteLength }: Uint8Array): void {
  // Others may have the rest of a buffer that is larger.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
