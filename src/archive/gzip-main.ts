import { forbidTracing, mapShared, recvFds, writeFd } from "../linux/mod.ts";
import { packBlock } from "./gzip-block.ts";
import { ANSWER_BYTES, ORDER_BYTES } from "./gzip-helper.ts";
import { fill } from "./job-input.ts";
import { BLOCK_BYTES, slotOf } from "./packing-memory.ts";
import { reportFailure } from "./report.ts";

/** The hidden command `hako __gzip`: packs blocks that lie in shared memory, which comes with the first byte of stdin; then orders over stdin, answers over stdout. */
export function gzipMain(): number {
  try {
    const [file] = recvFds(0, new Uint8Array(new ArrayBuffer(1))).fds;
    // The engine went before it said anything.
    if (file === undefined) return 1;
    const memory = mapShared(file);
    forbidTracing();
    const order = new DataView(new ArrayBuffer(ORDER_BYTES));
    const answer = new DataView(new ArrayBuffer(ANSWER_BYTES));
    while (fill(new Uint8Array(order.buffer))) {
      const { input, output } = slotOf(memory, order.getUint32(0));
      const length = order.getUint32(4);
      if (length > BLOCK_BYTES) return 1;
      answer.setUint32(0, packBlock(input.subarray(0, length), output, 0));
      writeFd(1, new Uint8Array(answer.buffer));
    }
    return 0;
  } catch (error) {
    reportFailure(error);
    return 1;
  }
}
