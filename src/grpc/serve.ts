import { EngineError, type ByteDuplex } from "../base/mod.ts";
import { Http2Connection } from "./http2/connection.ts";
import type { HeaderList } from "./http2/hpack.ts";
import type { Http2Stream } from "./http2/stream.ts";
import { readMessages, UnfinishedMessages, writeMessage } from "./messages.ts";
import { headerOf, statusHeaders } from "./status.ts";

/** One call as its method sees it. */
export interface Call {
  /** The first one; empty when there is none. @throws EngineError */
  request(): Promise<Uint8Array>;
  send(message: Uint8Array): Promise<void>;
  metadata(name: string): string | undefined;
  /** Goes along with the answer, when nothing has been sent yet. */
  header(name: string, value: string): void;
  /** Aborted when the caller has gone or does not want it any more. */
  readonly signal: AbortSignal;
}

/** By path: `/package.Service/Method`. What one rejects with is the status of the call. */
export type Methods = ReadonlyMap<string, (call: Call) => Promise<void>>;

const HEAD: HeaderList = [[":status", "200"], ["content-type", "application/grpc"]];

/** Answers gRPC calls; resolves when the connection is over and every method has returned. */
export async function serveCalls(duplex: ByteDuplex, methods: Methods): Promise<void> {
  const running = new Set<Promise<void>>();
  const unfinished = new UnfinishedMessages();
  const connection = new Http2Connection(duplex, (stream, headers) => {
    const call = answer(stream, headers, methods, unfinished).finally(() => running.delete(call));
    running.add(call);
  });
  await connection.closed;
  while (running.size > 0) await Promise.all(running);
}

async function answer(stream: Http2Stream, headers: HeaderList, methods: Methods, unfinished: UnfinishedMessages): Promise<void> {
  let hasHead = false;
  const own: (readonly [string, string])[] = [];
  const sendHead = (): void => {
    if (!hasHead) stream.sendHeaders([...HEAD, ...own]);
    hasHead = true;
  };
  let failure: unknown;
  try {
    const path = headerOf(headers, ":path") ?? "";
    const method = methods.get(path);
    if (!method) throw new EngineError("NotImplemented", `unknown method ${path.slice(0, 200)}`);
    const messages = readMessages(stream.input, unfinished);
    await method({
      request: async () => {
        const { value } = await messages.next();
        return value ?? new Uint8Array(0);
      },
      send: async (message) => {
        sendHead();
        await writeMessage(stream, message);
      },
      metadata: (name) => headerOf(headers, name),
      header: (name, value) => void own.push([name, value]),
      signal: stream.signal,
    });
  } catch (error) {
    failure = error;
  }
  sendHead();
  stream.sendHeaders(statusHeaders(failure), true);
}
