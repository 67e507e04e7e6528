import { EngineError, messageOf, type ByteDuplex } from "../../base/mod.ts";
import { BuildFrameReader, encodeHead, FRAME, MAX_CONTROL_BYTES, type BuildFrame, type FrameKind } from "./frame.ts";
import { BuildStream, type StreamPort } from "./stream.ts";

/** Streams that may be open at once; with the window, what one connection may hold in memory. */
const MAX_STREAMS = 128;


/** Takes a stream that the other side has opened. What it throws or rejects with becomes the stream's failure. */
export type AcceptStream = (question: unknown, stream: BuildStream) => void | Promise<void>;

/**
 * The connection of one build: several streams of bytes in both directions, each with its own flow control. Either side opens
 * streams, the client odd ones and the engine even ones; the first one is the build itself.
 */
export class BuildChannel {
  /** Resolves when the connection is over, with what was wrong with it. */
  readonly closed: Promise<EngineError | undefined>;
  readonly #duplex: ByteDuplex;
  readonly #accept: AcceptStream;
  readonly #streams = new Map<number, BuildStream>();
  readonly #parity: number;
  readonly #reader = new BuildFrameReader();
  readonly #over = Promise.withResolvers<EngineError | undefined>();
  #next: number;
  #lastAccepted = 0;
  #queue: Uint8Array[] = [];
  #taken: (() => void)[] = [];
  #pumping = false;
  #dead: EngineError | undefined;

  constructor(duplex: ByteDuplex, side: "client" | "engine", accept: AcceptStream) {
    this.#duplex = duplex;
    this.#accept = accept;
    this.#next = side === "client" ? 1 : 2;
    this.#parity = side === "client" ? 0 : 1;
    this.closed = this.#over.promise;
    void this.#receive();
  }

  /** @throws EngineError when the connection is gone or too many streams are open */
  open(question: object): BuildStream {
    if (this.#dead) throw this.#dead;
    if (this.#streams.size >= MAX_STREAMS) throw new EngineError("Unavailable", `a build has at most ${MAX_STREAMS} streams at once`);
    const number = this.#next;
    this.#next += 2;
    const stream = this.#add(number);
    this.#send(FRAME.open, number, Buffer.from(JSON.stringify(question)));
    return stream;
  }

  /** What was written goes out, then the connection ends; streams that are still open fail. */
  async close(): Promise<void> {
    while (this.#pumping && !this.#dead) await new Promise<void>((resolve) => this.#taken.push(resolve));
    this.#end(undefined);
    this.#duplex.end();
  }

  #add(number: number): BuildStream {
    const port: StreamPort = {
      send: (kind, payload) => this.#send(kind, number, payload),
      forget: () => void this.#streams.delete(number),
    };
    const stream = new BuildStream(port);
    this.#streams.set(number, stream);
    return stream;
  }

  /** Resolves when the transport has taken it. */
  #send(kind: FrameKind, stream: number, payload: Uint8Array): Promise<void> {
    if (this.#dead) return Promise.resolve();
    this.#queue.push(encodeHead(kind, stream, payload.length));
    if (payload.length > 0) this.#queue.push(payload);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#taken.push(resolve);
    if (!this.#pumping) void this.#pump();
    return promise;
  }

  /** One writer; whatever gathered while it wrote goes out as one piece. */
  async #pump(): Promise<void> {
    this.#pumping = true;
    // Frames of one turn of the loop leave together.
    await Promise.resolve();
    try {
      while (this.#queue.length > 0 && !this.#dead) {
        const piece = Buffer.concat(this.#queue);
        const taken = this.#taken;
        this.#queue = [];
        this.#taken = [];
        await this.#duplex.write(piece);
        for (const resolve of taken) resolve();
      }
    } catch {
      this.#end(gone());
    }
    this.#pumping = false;
    for (const resolve of this.#taken.splice(0)) resolve();
  }

  async #receive(): Promise<void> {
    try {
      for await (const chunk of this.#duplex.input) for (const frame of this.#reader.push(chunk)) this.#take(frame);
      this.#end(gone());
    } catch (error) {
      this.#end(error instanceof EngineError ? error : gone());
      this.#duplex.end();
    }
  }

  #take({ kind, stream: number, payload }: BuildFrame): void {
    if (this.#dead) return;
    if (kind === FRAME.open) return this.#opened(number, payload);
    const stream = this.#streams.get(number);
    if (!stream) {
      // One that is over here may still be under way there.
      const known = number % 2 === this.#parity ? number <= this.#lastAccepted : number > 0 && number < this.#next;
      if (!known) throw new EngineError("InvalidParameter", `a frame for stream ${number}, which nobody has opened`);
      return;
    }
    stream.receive(kind, payload);
  }

  #opened(number: number, payload: Uint8Array): void {
    if (number % 2 !== this.#parity || number <= this.#lastAccepted) throw new EngineError("InvalidParameter", `stream ${number} cannot be opened`);
    this.#lastAccepted = number;
    if (this.#streams.size >= MAX_STREAMS) throw new EngineError("InvalidParameter", `more than ${MAX_STREAMS} streams at once`);
    const question = parseControl(payload);
    const stream = this.#add(number);
    void (async () => this.#accept(question, stream))().catch((error: unknown) => stream.fail(error));
  }

  #end(reason: EngineError | undefined): void {
    if (this.#dead) return;
    this.#dead = reason ?? gone();
    for (const stream of [...this.#streams.values()]) stream.abandon(this.#dead);
    this.#streams.clear();
    this.#queue = [];
    for (const resolve of this.#taken.splice(0)) resolve();
    this.#over.resolve(reason);
  }
}

const gone = (): EngineError => new EngineError("Unavailable", "the other side of the build has closed the connection");

/** @throws EngineError InvalidParameter */
export function parseControl(payload: Uint8Array): unknown {
  if (payload.length > MAX_CONTROL_BYTES) throw new EngineError("InvalidParameter", "a question is too long");
  try {
    return JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString("utf8"));
  } catch (error) {
    throw new EngineError("InvalidParameter", `a question is no JSON: ${messageOf(error)}`);
  }
}


