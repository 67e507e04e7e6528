import { BodyDecoder, EngineError } from "../base/mod.ts";
import type { GrowingProcess } from "./growing.ts";
import { IdleProcesses, JobProcess } from "./job-process.ts";
import { checkedReport } from "./report.ts";

/** How a layer's archive differs from what its folder says. */
export interface LayerShape {
  /** False: folders are all of one time. */
  readonly folderTimes?: boolean;
  /** Nothing is younger. */
  readonly latestSeconds?: number;
}

/** What a packer is asked for. */
export interface LayerJob extends LayerShape {
  readonly folder: string;
}

/** CAP_SYS_ADMIN is for reading overlay's marks. */
export const LAYER_PACKER_CAPABILITIES = ["CAP_DAC_READ_SEARCH", "CAP_SYS_CHROOT", "CAP_SYS_ADMIN"] as const;

/** After the last use: whoever packs one layer of an image packs the others too. */
const IDLE_MS = 1000;
const OBJECT_BEGIN = 0x7b;

/** Processes that pack the folders of layers, each one after the other: starting one takes longer than packing a small layer. */
export class LayerPackers {
  readonly #idle = new IdleProcesses<LayerPacker>(IDLE_MS);

  /** @param launch runs `hako __layers` */
  constructor(readonly launch: () => Promise<GrowingProcess>) {}

  /**
   * The archive of a layer's folder, the same bytes as those that `copyLayer` told the digest of; without times of folders, comparable with another
   * unpacking of one archive. Whoever stops reading, or aborts, ends it. @throws EngineError System
   */
  async *pack(folder: string, signal: AbortSignal, shape: LayerShape = {}): AsyncGenerator<Uint8Array, void, void> {
    signal.throwIfAborted();
    const packer = this.#idle.take() ?? new LayerPacker(await this.launch());
    const abort = (): void => packer.kill();
    signal.addEventListener("abort", abort);
    let whole = false;
    try {
      // It may have been called off while the process was started.
      signal.throwIfAborted();
      yield* packer.pack({ folder, ...shape });
      whole = true;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener("abort", abort);
      if (whole) this.#idle.put(packer);
      else packer.kill();
    }
  }
}

class LayerPacker extends JobProcess {
  async *pack(job: LayerJob): AsyncGenerator<Uint8Array, void, void> {
    await this.ask(job);
    const body = new BodyDecoder("chunked");
    for (let first = true; !body.ended; first = false) {
      const next = await this.output.next();
      if (next.done) throw new EngineError("System", `the helper that read the files ended with ${await this.exited}`);
      if (first && next.value[0] === OBJECT_BEGIN) checkedReport(Buffer.from(next.value).toString("utf8"));
      yield* decoded(body, next.value);
    }
  }
}

/** What is no chunk are a helper's last words. */
function* decoded(body: BodyDecoder, piece: Uint8Array): Generator<Uint8Array, void, void> {
  try {
    yield* body.push(piece);
  } catch (error) {
    throw new EngineError("System", "the helper that read the files failed in the middle of them", { cause: error });
  }
}
