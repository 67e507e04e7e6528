import { nowNs } from "../../base/mod.ts";
import { MessageWriter } from "../../grpc/mod.ts";
import type { BuildEvent } from "../progress.ts";

/** What may wait for a client that does not read; beyond it, output of steps is left out. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
const FIELD = { vertex: 1, status: 2, log: 3, warning: 4 } as const;

/** What happens in a build, for its one reader, who may come late. Never holds the build up. */
export class StatusStream {
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #ended = false;
  #wake: (() => void) | undefined;

  tell(event: BuildEvent): void {
    const isSpare = event.type === "log" || (event.type === "status" && event.completedNs === undefined);
    if (this.#ended || (isSpare && this.#waitingBytes > MAX_WAITING_BYTES)) return;
    const bytes = encodeEvent(event);
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** StatusResponse messages, each with whatever has gathered. */
  async *read(signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
    const wake = (): void => this.#wake?.();
    signal.addEventListener("abort", wake);
    try {
      while (!signal.aborted) {
        if (this.#waiting.length > 0) {
          // What is told in one turn of the loop goes out as one message.
          await new Promise((resolve) => setImmediate(resolve));
          const bytes = Buffer.concat(this.#waiting);
          this.#waiting = [];
          this.#waitingBytes = 0;
          yield bytes;
        } else if (this.#ended) return;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      signal.removeEventListener("abort", wake);
    }
  }
}

/** One repeated field of a StatusResponse: any number of them, one after the other, is a message. */
export function encodeEvent(event: BuildEvent): Uint8Array {
  const response = new MessageWriter();
  switch (event.type) {
    case "vertex": {
      const { digest, inputs, name, cached, startedNs, completedNs, error } = event.vertex;
      const vertex = new MessageWriter().text(1, digest);
      for (const input of inputs) vertex.text(2, input);
      return response.message(FIELD.vertex, vertex.text(3, name).number(4, cached).instant(5, startedNs).instant(6, completedNs).text(7, error === "CANCELED" ? "context canceled" : error)).finish();
    }
    case "status": {
      const { vertex, id, current, total, startedNs, completedNs } = event;
      return response.message(FIELD.status, new MessageWriter().text(1, id).text(2, vertex).text(3, id).number(4, current).number(5, total).instant(6, nowNs()).instant(7, startedNs).instant(8, completedNs)).finish();
    }
    case "log":
      return response.message(FIELD.log, new MessageWriter().text(1, event.vertex).instant(2, event.timeNs).number(3, event.stream).bytes(4, event.bytes)).finish();
    case "warning": {
      const { rule, description, url, detail, fileName, line } = event.warning;
      const place = new MessageWriter().message(1, new MessageWriter().number(1, line)).message(2, new MessageWriter().number(1, line));
      const warning = new MessageWriter().text(1, event.vertex).number(2, 1).text(3, `${rule}: ${detail}${line > 0 ? ` (line ${line})` : ""}`).text(4, description).text(5, url);
      return response.message(FIELD.warning, warning.message(6, new MessageWriter().text(1, fileName)).message(7, place)).finish();
    }
    default:
      return event satisfies never;
  }
}
