import { nowNs } from "../../base/mod.ts";
import type { JobContext } from "../solver/job.ts";
import type { RunningStep } from "../solver/ports.ts";

/** As BuildKit: more of one step is not shown. */
const LIMIT_BYTES = 2 * 1024 * 1024;
const LAST_BYTES = 16 * 1024;

/** Passes a step's output on, up to a limit; what came last is kept for the case that it fails. */
export class StepOutput {
  #shown = 0;
  #last: Uint8Array[] = [];
  #lastBytes = 0;
  #clipped = false;

  async follow(output: RunningStep["output"], job: JobContext): Promise<void> {
    for await (const { stream, bytes, timeNs } of output) {
      const room = LIMIT_BYTES - this.#shown;
      if (room > 0) {
        const part = bytes.subarray(0, room);
        this.#shown += part.length;
        job.log(stream, part.slice(), timeNs);
        if (this.#shown < LIMIT_BYTES) continue;
        this.#clipped = true;
        job.log(2, Buffer.from("\n[output clipped, log limit 2MiB reached]\n"), timeNs);
      } else this.#keep(bytes);
    }
  }

  /** The end of an output that was clipped. */
  tellLast(job: JobContext): void {
    if (!this.#clipped || this.#lastBytes === 0) return;
    const all = Buffer.concat(this.#last);
    const end = all.subarray(Math.max(0, all.length - LAST_BYTES));
    job.log(2, Buffer.concat([Buffer.from("[the end of the output]\n"), end.subarray(end.indexOf(0x0a) + 1)]), nowNs());
  }

  #keep(bytes: Uint8Array): void {
    this.#last.push(bytes.slice());
    this.#lastBytes += bytes.length;
    while (this.#lastBytes - (this.#last[0]?.length ?? 0) > LAST_BYTES) this.#lastBytes -= this.#last.shift()?.length ?? 0;
  }
}
