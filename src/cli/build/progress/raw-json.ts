import { formatInstant, nowNs } from "../../../base/mod.ts";
import type { BuildEvent } from "../../../spec/mod.ts";
import type { Display } from "./display.ts";

/** One JSON text a line: BuildKit's SolveStatus. */
export class RawJsonDisplay implements Display {
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  show(event: BuildEvent): void {
    this.#write(`${JSON.stringify(statusOf(event))}\n`);
  }

  finish(): void {}
}

const instant = (ns: bigint | undefined): string | undefined => (ns === undefined ? undefined : formatInstant(ns));

function statusOf(event: BuildEvent): object {
  switch (event.type) {
    case "vertex": {
      const { digest, inputs, name, startedNs, completedNs, cached, error } = event.vertex;
      return { vertexes: [{ digest, ...(inputs.length > 0 && { inputs }), name, started: instant(startedNs), completed: instant(completedNs), ...(cached && { cached }), ...(error && { error }) }] };
    }
    case "status": {
      const { vertex, id, current, total, startedNs, completedNs } = event;
      return { statuses: [{ id, vertex, name: id.split(" ")[0], ...(total && { total }), current, timestamp: formatInstant(nowNs()), started: instant(startedNs), completed: instant(completedNs) }] };
    }
    case "log":
      return { logs: [{ vertex: event.vertex, stream: event.stream, data: Buffer.from(event.bytes).toString("base64"), timestamp: formatInstant(event.timeNs) }] };
    case "warning": {
      const { rule, description, url, detail, fileName, line } = event.warning;
      const text = `${rule}: ${detail}${line > 0 ? ` (line ${line})` : ""}`;
      return { warnings: [{ vertex: event.vertex, level: 1, short: Buffer.from(text).toString("base64"), detail: [Buffer.from(description).toString("base64")], url, sourceInfo: { filename: fileName }, range: [{ start: { line }, end: { line } }] }] };
    }
    default:
      return event satisfies never;
  }
}
