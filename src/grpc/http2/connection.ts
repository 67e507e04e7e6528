import { EngineError, type ByteDuplex } from "../../base/mod.ts";
import { contentOf, DEFAULT_WINDOW, encodeFrame, FLAG, FRAME, FrameReader, MAX_PAYLOAD_BYTES, MAX_WINDOW, PREFACE, REASON, SETTING, type Frame } from "./frame.ts";
import { encodeHeaders, HeaderDecoder, type HeaderList } from "./hpack.ts";
import { malformed } from "./malformed.ts";
import { Outbox } from "./outbox.ts";
import { SendWindow } from "./send-window.ts";
import { Http2Stream } from "./stream.ts";

const MAX_STREAMS = 100;
const STREAM_WINDOW = 1024 * 1024;
/** What one connection may hold in memory that nobody has read. */
const CONNECTION_WINDOW = 8 * 1024 * 1024;
const MAX_BLOCK_BYTES = 128 * 1024;
/** Streams that the other side may drop, beyond as many as it lets come to their end. */
const MAX_RESETS = 2000;
const NOTHING = new Uint8Array(0);

interface OpenStream {
  readonly stream: Http2Stream;
  readonly window: SendWindow;
  /** Bytes that may still come. */
  receiveLeft: number;
  /** Read, but not told the other side yet. */
  owed: number;
}

export type AcceptHttp2 = (stream: Http2Stream, headers: HeaderList) => void;

/** HTTP/2 (RFC 9113) on a connection that is there already: no pushes, no priorities. The other side is not trusted. */
export class Http2Connection {
  /** Resolves when it is over. */
  readonly closed: Promise<void>;
  readonly #duplex: ByteDuplex;
  readonly #accept: AcceptHttp2 | undefined;
  readonly #reader: FrameReader;
  readonly #decoder = new HeaderDecoder();
  readonly #outbox: Outbox;
  readonly #window = new SendWindow();
  readonly #streams = new Map<number, OpenStream>();
  readonly #over = Promise.withResolvers<void>();
  #initialWindow = DEFAULT_WINDOW;
  #receiveLeft = CONNECTION_WINDOW;
  #owed = 0;
  #block: { readonly frame: Frame; readonly parts: Uint8Array[]; bytes: number } | undefined;
  #lastAccepted = 0;
  #nextOwn = 1;
  #resets = 0;
  #dead: EngineError | undefined;

  /** @param accept of the side that answers; without it this side asks */
  constructor(duplex: ByteDuplex, accept: AcceptHttp2 | undefined) {
    this.#duplex = duplex;
    this.#accept = accept;
    this.#reader = new FrameReader(accept !== undefined);
    this.#outbox = new Outbox(duplex, (error) => this.#end(error));
    this.closed = this.#over.promise;
    this.#greet();
    void this.#receive();
  }

  /** Asks something. @throws EngineError when the connection is gone */
  open(headers: HeaderList): Http2Stream {
    if (this.#dead) throw this.#dead;
    if (this.#accept || this.#streams.size >= MAX_STREAMS) throw new EngineError("Unavailable", "HTTP/2: too many streams");
    const number = this.#nextOwn;
    this.#nextOwn += 2;
    const { stream } = this.#add(number);
    stream.sendHeaders(headers);
    return stream;
  }

  /** Streams that are still open fail. */
  async close(): Promise<void> {
    this.#send(FRAME.goAway, 0, 0, numbers(this.#lastAccepted, REASON.none));
    await this.#outbox.drain();
    this.#end(undefined);
  }

  #greet(): void {
    const settings = Buffer.alloc(18);
    const all = [[SETTING.concurrentStreams, MAX_STREAMS], [SETTING.initialWindow, STREAM_WINDOW], ...(this.#accept ? [[SETTING.headerList, MAX_BLOCK_BYTES]] : [[SETTING.push, 0]])] as const;
    for (const [at, [id = 0, value = 0]] of all.entries()) {
      settings.writeUInt16BE(id, at * 6);
      settings.writeUInt32BE(value, at * 6 + 2);
    }
    if (!this.#accept) void this.#outbox.send([PREFACE]);
    this.#send(FRAME.settings, 0, 0, settings);
    this.#send(FRAME.windowUpdate, 0, 0, numbers(CONNECTION_WINDOW - DEFAULT_WINDOW));
  }

  #add(number: number): OpenStream {
    const window = new SendWindow(this.#initialWindow);
    const stream = new Http2Stream({
      headers: (list, end) => this.#sendHeaders(number, list, end),
      data: (bytes, end) => this.#sendData(number, bytes, end),
      consumed: (bytes) => this.#consumed(number, bytes),
      reset: (reason) => {
        this.#send(FRAME.reset, 0, number, numbers(reason));
        this.#forget(number);
      },
    });
    const open: OpenStream = { stream, window, receiveLeft: STREAM_WINDOW, owed: 0 };
    this.#streams.set(number, open);
    return open;
  }

  #send(type: number, flags: number, stream: number, payload: Uint8Array): void {
    void this.#outbox.send(encodeFrame(type, flags, stream, payload));
  }

  #sendHeaders(number: number, list: HeaderList, end: boolean): void {
    const block = encodeHeaders(list);
    const frames: Uint8Array[] = [];
    for (let at = 0; at === 0 || at < block.length; at += MAX_PAYLOAD_BYTES) {
      const isLast = at + MAX_PAYLOAD_BYTES >= block.length;
      frames.push(...encodeFrame(at === 0 ? FRAME.headers : FRAME.continuation, (at === 0 && end ? FLAG.endStream : 0) | (isLast ? FLAG.endHeaders : 0), number, block.subarray(at, at + MAX_PAYLOAD_BYTES)));
    }
    void this.#outbox.send(frames);
    if (end) this.#sentEnd(number);
  }

  async #sendData(number: number, bytes: Uint8Array, end: boolean): Promise<void> {
    let at = 0;
    while (at < bytes.length) {
      const open = this.#streams.get(number);
      if (!open) throw this.#dead ?? new EngineError("Unavailable", "the stream is over");
      const room = Math.min(open.window.left, this.#window.left, MAX_PAYLOAD_BYTES, bytes.length - at);
      if (room === 0) {
        await (open.window.left === 0 ? open.window : this.#window).wait();
        continue;
      }
      open.window.take(room);
      this.#window.take(room);
      await this.#outbox.send(encodeFrame(FRAME.data, 0, number, bytes.subarray(at, at + room)));
      at += room;
    }
    if (!end) return;
    this.#send(FRAME.data, FLAG.endStream, number, NOTHING);
    this.#sentEnd(number);
  }

  #sentEnd(number: number): void {
    const open = this.#streams.get(number);
    if (open?.stream.isOver) {
      this.#forget(number);
      this.#resets = Math.max(0, this.#resets - 1);
    }
    // Whoever answers before the question is over does not want the rest of it.
    else if (open && this.#accept) open.stream.reset(REASON.none);
  }

  #consumed(number: number, bytes: number): void {
    this.#give(bytes);
    const open = this.#streams.get(number);
    if (!open || open.stream.inputEnded) return;
    open.owed += bytes;
    if (open.owed < STREAM_WINDOW / 4) return;
    open.receiveLeft += open.owed;
    this.#send(FRAME.windowUpdate, 0, number, numbers(open.owed));
    open.owed = 0;
  }

  #give(bytes: number): void {
    this.#owed += bytes;
    if (this.#owed < CONNECTION_WINDOW / 4) return;
    this.#receiveLeft += this.#owed;
    this.#send(FRAME.windowUpdate, 0, 0, numbers(this.#owed));
    this.#owed = 0;
  }

  #forget(number: number): void {
    const open = this.#streams.get(number);
    if (!open) return;
    this.#streams.delete(number);
    // Whoever waits to send on it hears of its end, whichever window that is for.
    open.window.release();
    this.#window.release();
  }

  async #receive(): Promise<void> {
    try {
      for await (const chunk of this.#duplex.input) for (const frame of this.#reader.push(chunk)) if (!this.#dead) this.#take(frame);
      this.#end(undefined);
    } catch (error) {
      if (error instanceof EngineError && !this.#dead) this.#send(FRAME.goAway, 0, 0, numbers(this.#lastAccepted, REASON.protocol));
      await this.#outbox.drain();
      this.#end(error);
    }
  }

  #take(frame: Frame): void {
    if (this.#block && (frame.type !== FRAME.continuation || frame.stream !== this.#block.frame.stream)) throw malformed("headers are interrupted");
    switch (frame.type) {
      case FRAME.data:
        return this.#takeData(frame);
      case FRAME.headers:
        this.#block = { frame, parts: [], bytes: 0 };
        return this.#takeBlock(contentOf(frame), frame.flags);
      case FRAME.continuation:
        return this.#takeBlock(frame.payload, frame.flags);
      case FRAME.reset:
        return this.#takeReset(frame);
      case FRAME.settings:
        return this.#takeSettings(frame);
      case FRAME.ping:
        if (frame.payload.length !== 8) throw malformed("a ping of another length");
        return (frame.flags & FLAG.ack) === 0 ? this.#send(FRAME.ping, FLAG.ack, 0, Buffer.from(frame.payload)) : undefined;
      case FRAME.windowUpdate:
        return this.#takeWindow(frame);
      case FRAME.push:
        throw malformed("nothing may be pushed");
      default:
        // Going away, priorities, and what is not known: what is open goes on.
        return;
    }
  }

  #takeData(frame: Frame): void {
    const { stream: number, payload, flags } = frame;
    this.#receiveLeft -= payload.length;
    if (this.#receiveLeft < 0) throw malformed("more bytes than the window allows");
    const content = contentOf(frame);
    const open = this.#streams.get(number);
    if (!open || open.stream.inputEnded) {
      if (number === 0 || number > Math.max(this.#lastAccepted, this.#nextOwn)) throw malformed("data of a stream that nobody has opened");
      return this.#give(payload.length);
    }
    open.receiveLeft -= payload.length;
    if (open.receiveLeft < 0) throw malformed("more bytes than the window allows");
    const padding = payload.length - content.length;
    if (padding > 0) this.#consumed(number, padding);
    open.stream.receive(content, (flags & FLAG.endStream) !== 0);
    if (open.stream.isOver) this.#forget(number);
  }

  #takeBlock(part: Uint8Array, flags: number): void {
    const block = this.#block;
    if (!block) throw malformed("headers go on that never began");
    block.bytes += part.length;
    // Empty pieces, too, come to an end.
    if (block.bytes > MAX_BLOCK_BYTES || block.parts.length > MAX_BLOCK_BYTES / 1024) throw malformed("headers are too long");
    block.parts.push(part);
    if ((flags & FLAG.endHeaders) === 0) return;
    this.#block = undefined;
    const list = this.#decoder.decode(Buffer.concat(block.parts));
    this.#takeHeaders(block.frame.stream, list, (block.frame.flags & FLAG.endStream) !== 0);
  }

  #takeHeaders(number: number, list: HeaderList, end: boolean): void {
    const open = this.#streams.get(number) ?? this.#accepted(number);
    if (!open) return;
    const isNew = this.#accept !== undefined && number > this.#lastAccepted;
    if (isNew) this.#lastAccepted = number;
    open.stream.receiveHeaders(list, end);
    if (isNew) this.#accept?.(open.stream, list);
    if (open.stream.isOver) this.#forget(number);
  }

  /** Undefined: one that is over, or that comes too many. */
  #accepted(number: number): OpenStream | undefined {
    if (!this.#accept || number <= this.#lastAccepted) {
      if (number === 0 || (!this.#accept && number >= this.#nextOwn)) throw malformed("headers of a stream that cannot be");
      return undefined;
    }
    if (number % 2 === 0) throw malformed("a stream with an even number");
    if (this.#streams.size < MAX_STREAMS) return this.#add(number);
    this.#lastAccepted = number;
    this.#send(FRAME.reset, 0, number, numbers(REASON.refused));
    return undefined;
  }

  #takeReset({ stream: number, payload }: Frame): void {
    if (payload.length !== 4 || number === 0) throw malformed("a reset of another form");
    if (++this.#resets > MAX_RESETS) throw malformed("too many streams are dropped");
    this.#streams.get(number)?.stream.abandon(new EngineError("Unavailable", "the other side has given the stream up"));
    this.#forget(number);
  }

  #takeSettings({ flags, payload }: Frame): void {
    if ((flags & FLAG.ack) !== 0) return;
    if (payload.length % 6 !== 0) throw malformed("settings of another length");
    const bytes = Buffer.from(payload);
    let wanted = this.#initialWindow;
    for (let at = 0; at < bytes.length; at += 6) {
      if (bytes.readUInt16BE(at) !== SETTING.initialWindow) continue;
      wanted = bytes.readUInt32BE(at + 2);
      if (wanted > MAX_WINDOW) throw malformed("a window is too large");
    }
    // Once, however often a frame says it.
    if (wanted !== this.#initialWindow) for (const { window } of this.#streams.values()) window.add(wanted - this.#initialWindow);
    this.#initialWindow = wanted;
    this.#send(FRAME.settings, FLAG.ack, 0, NOTHING);
  }

  #takeWindow({ stream: number, payload }: Frame): void {
    if (payload.length !== 4) throw malformed("a window of another form");
    const more = Buffer.from(payload).readUInt32BE() % 2 ** 31;
    if (more === 0) throw malformed("a window that does not grow");
    (number === 0 ? this.#window : this.#streams.get(number)?.window)?.add(more);
  }

  #end(error: unknown): void {
    if (this.#dead) return;
    this.#dead = error instanceof EngineError ? error : new EngineError("Unavailable", "the other side has closed the connection");
    for (const { stream, window } of this.#streams.values()) {
      stream.abandon(this.#dead);
      window.release();
    }
    this.#streams.clear();
    this.#window.release();
    this.#outbox.close();
    this.#duplex.end();
    this.#over.resolve();
  }
}

function numbers(...values: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value, at * 4);
  return bytes;
}
