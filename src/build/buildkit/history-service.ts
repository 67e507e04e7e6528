import { EngineError, formatInstant, nowNs } from "../../base/mod.ts";
import { CallFailed, readFields, STATUS, textOf, type Call } from "../../grpc/mod.ts";
import { decodeBuildMessage } from "../../spec/mod.ts";
import type { BuildHistory, HistoryEvent } from "../history/history.ts";
import { writeHistoryEvent } from "./history-messages.ts";
import { encodeEvent } from "./status-stream.ts";

/** Events for a client that does not read; who lets more pile up has to ask again. */
const MAX_WAITING = 1000;
/** What is told of a build goes out in messages of about so much. */
const MESSAGE_BYTES = 64 * 1024;

type Listened = { activeOnly: boolean; ref: string; earlyExit: boolean; filtered: boolean; limit: number };

/** Control.ListenBuildHistory: what there is, the latest first, then what happens. Filters are left to the client, which applies them itself. */
export async function listenHistory(call: Call, history: BuildHistory): Promise<void> {
  const asked = readListened(await call.request());
  call.header("buildkit-current-timestamp", formatInstant(nowNs()));
  const waiting: HistoryEvent[] = [];
  let isLate = false;
  let wake: (() => void) | undefined;
  using _listening = history.listen((event) => {
    if (waiting.length < MAX_WAITING) waiting.push(event);
    else isLate = true;
    wake?.();
  });
  const concerns = (ref: string): boolean => asked.ref === "" || asked.ref === ref;
  const builds = history.builds().filter(({ record }) => concerns(record.ref));
  const [running, over] = [builds.filter(isRunning), asked.activeOnly ? [] : builds.filter((build) => !isRunning(build))];
  for (const build of running) await call.send(writeHistoryEvent({ type: "started", build }));
  for (const build of over.slice(0, asked.limit > 0 && !asked.filtered ? asked.limit : over.length)) await call.send(writeHistoryEvent({ type: "completed", build }));
  if (asked.earlyExit) return;
  const stop = (): void => wake?.();
  call.signal.addEventListener("abort", stop);
  try {
    while (!call.signal.aborted) {
      if (isLate) throw new EngineError("Unavailable", "builds come and go faster than they are read");
      const next = waiting.shift();
      if (!next) await new Promise<void>((resolve) => (wake = resolve));
      else if (concerns(next.build.record.ref)) await call.send(writeHistoryEvent(next));
    }
  } finally {
    call.signal.removeEventListener("abort", stop);
  }
}

/** Control.UpdateBuildHistory: forgets a build. */
export async function updateHistory(call: Call, history: BuildHistory): Promise<void> {
  let ref = "";
  let [deletes, finalizes] = [false, false];
  for (const { number, value, bytes } of readFields(await call.request())) {
    if (number === 1) ref = textOf(bytes);
    if (number === 3) deletes = value !== 0;
    if (number === 4) finalizes = value !== 0;
  }
  if (!history.has(ref)) throw new CallFailed(STATUS.unknown, `lease ${JSON.stringify(`ref_${ref.slice(0, 100)}`)}: not found`);
  if (deletes) history.remove(ref);
  // All of a record is there when its build is over.
  else if (!finalizes) throw new EngineError("NotImplemented", "builds cannot be pinned in this engine's history");
  await call.send(new Uint8Array(0));
}

/** Control.Status of a build of another connection, or of one that is over. */
export async function followHistory(call: Call, history: BuildHistory, ref: string): Promise<void> {
  let parts: Uint8Array[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    const message = Buffer.concat(parts);
    parts = [];
    bytes = 0;
    if (message.length > 0) await call.send(message);
  };
  const isLive = history.record(ref).status === "Running";
  for await (const line of history.follow(ref, call.signal)) {
    const message = decodeBuildMessage(line);
    if (!("event" in message)) continue;
    const encoded = encodeEvent(message.event);
    parts.push(encoded);
    bytes += encoded.length;
    if (isLive || bytes > MESSAGE_BYTES) await flush();
  }
  await flush();
}

const isRunning = ({ record }: { readonly record: { readonly status: string } }): boolean => record.status === "Running";

/** moby.buildkit.v1.BuildHistoryRequest */
function readListened(message: Uint8Array): Listened {
  const asked: Listened = { activeOnly: false, ref: "", earlyExit: false, filtered: false, limit: 0 };
  for (const { number, value, bytes } of readFields(message)) {
    if (number === 1) asked.activeOnly = value !== 0;
    else if (number === 2) asked.ref = textOf(bytes);
    else if (number === 3) asked.earlyExit = value !== 0;
    else if (number === 4) asked.filtered = true;
    else if (number === 5) asked.limit = value;
  }
  return asked;
}
