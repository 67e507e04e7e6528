import type { ByteDuplex } from "../base/mod.ts";
import { Http2Connection } from "./http2/connection.ts";
import { REASON } from "./http2/frame.ts";
import type { HeaderList } from "./http2/hpack.ts";
import type { Http2Stream } from "./http2/stream.ts";
import { readMessages, UnfinishedMessages, writeMessage } from "./messages.ts";
import { CallFailed, checkStatus, headerOf, STATUS } from "./status.ts";

/** A call of somebody else's method. */
export class OpenCall implements Disposable {
  /** What is answered; throws CallFailed when it ends with another status than OK. */
  readonly messages: AsyncGenerator<Uint8Array, void, void>;
  readonly #stream: Http2Stream;

  constructor(stream: Http2Stream, unfinished: UnfinishedMessages) {
    this.#stream = stream;
    this.messages = answers(stream, unfinished);
  }

  async send(message: Uint8Array): Promise<void> {
    await writeMessage(this.#stream, message);
  }

  /** Nothing more is sent. */
  end(): void {
    this.#stream.end();
  }

  /** Whatever has not ended is given up. */
  [Symbol.dispose](): void {
    this.#stream.reset(REASON.cancel);
  }
}

async function* answers(stream: Http2Stream, unfinished: UnfinishedMessages): AsyncGenerator<Uint8Array, void, void> {
  const head = await stream.head;
  if (headerOf(head, ":status") !== "200") throw new CallFailed(STATUS.unknown, `the client answers with HTTP status ${headerOf(head, ":status")}`);
  yield* readMessages(stream.input, unfinished);
  checkStatus(stream.trailers);
}

/** Calls methods over a connection that is there already. */
export class Caller {
  readonly closed: Promise<void>;
  readonly #connection: Http2Connection;
  readonly #unfinished = new UnfinishedMessages();

  constructor(duplex: ByteDuplex) {
    this.#connection = new Http2Connection(duplex, undefined);
    this.closed = this.#connection.closed;
  }

  /** @param path `/package.Service/Method` @throws EngineError when the connection is gone */
  open(path: string, metadata: HeaderList = []): OpenCall {
    const head: HeaderList = [[":method", "POST"], [":scheme", "http"], [":path", path], [":authority", "localhost"], ["te", "trailers"], ["content-type", "application/grpc"], ...metadata];
    return new OpenCall(this.#connection.open(head), this.#unfinished);
  }

  /** One question, one answer. @throws CallFailed, EngineError */
  async ask(path: string, message: Uint8Array, metadata: HeaderList = []): Promise<Uint8Array> {
    using call = this.open(path, metadata);
    await call.send(message);
    call.end();
    let answer: Uint8Array = new Uint8Array(0);
    for await (const each of call.messages) answer = each;
    return answer;
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}
