import { KeptFile } from "./kept-file.ts";

const NS_PER_TICK = 10_000_000;
/** user, nice, system, idle, iowait, irq, softirq: what Docker counts. */
const COUNTED_FIELDS = 7;

export interface SystemCpu {
  /** Of all processors together, idle time too. */
  readonly usageNs: number;
  readonly onlineCpus: number;
}

/** proc_stat(5), held open: the time of the whole machine that a container's use is compared with. */
export class SystemCpuReader {
  readonly #file = new KeptFile("/proc/stat");

  read(): SystemCpu {
    const [total = "", ...rest] = this.#file.text().split("\n", 8192);
    const ticks = total.split(/ +/).slice(1, 1 + COUNTED_FIELDS).reduce((sum, field) => sum + Number(field), 0);
    const firstOther = rest.findIndex((line) => !line.startsWith("cpu"));
    return { usageNs: ticks * NS_PER_TICK, onlineCpus: firstOther < 0 ? rest.length : firstOther };
  }
}
