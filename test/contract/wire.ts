/** HTTP over a unix socket, byte by byte: what a client library would tidy up is what these tests are about. */
import { connect, type Socket } from "node:net";

export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
}

export interface Request {
  readonly method: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
}

export class Wire implements Disposable {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake?.();
    });
    for (const event of ["end", "close", "error"])
      socket.on(event, () => {
        this.#ended = true;
        this.#wake?.();
      });
  }

  static async open(path: string): Promise<Wire> {
    const socket = connect({ path, allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return new Wire(socket);
  }

  send(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Half-close: nothing more will be sent. */
  endInput(): void {
    this.#socket.end();
  }

  /** Stops reading, as a client that hangs. */
  pause(): void {
    this.#socket.pause();
  }

  /** Bytes that the engine's side has not taken yet. */
  get untaken(): number {
    return this.#socket.writableLength;
  }

  abort(): void {
    this.#socket.destroy();
  }

  get received(): string {
    return this.#received.toString("latin1");
  }

  async until(test: (received: string) => boolean, timeoutMs = 60_000): Promise<string> {
    const deadline = Date.now() + timeoutMs;
    while (!test(this.received)) {
      if (this.#ended) throw new Error(`the engine ended the connection after ${JSON.stringify(this.received)}`);
      if (Date.now() > deadline) throw new Error(`timed out after ${JSON.stringify(this.received)}`);
      await this.#change(deadline);
    }
    return this.received;
  }

  /** Everything up to the engine's end. */
  async untilEnd(timeoutMs = 60_000): Promise<string> {
    const deadline = Date.now() + timeoutMs;
    while (!this.#ended) {
      if (Date.now() > deadline) throw new Error(`the engine did not end the connection after ${JSON.stringify(this.received)}`);
      await this.#change(deadline);
    }
    return this.received;
  }

  async #change(deadline: number): Promise<void> {
    const timer = setTimeout(() => this.#wake?.(), Math.max(1, deadline - Date.now() + 1));
    await new Promise<void>((resolve) => (this.#wake = resolve));
    clearTimeout(timer);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

export function formatRequest({ method, target, headers = {}, body }: Request): string {
  const all: Record<string, string> = { Host: "test", ...headers, ...(body !== undefined && { "Content-Length": String(Buffer.byteLength(body)) }) };
  const head = `${method} ${target} HTTP/1.1\r\n${Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  return typeof body === "string" ? head + body : head;
}

/** One request on a connection of its own. */
export async function call(path: string, request: Request): Promise<Answer> {
  using wire = await Wire.open(path);
  wire.send(formatRequest({ ...request, headers: { Connection: "close", ...request.headers } }));
  if (request.body instanceof Uint8Array) wire.send(request.body);
  return parseAnswer(await wire.untilEnd());
}

export const callJson = (path: string, method: string, target: string, body: unknown): Promise<Answer> =>
  call(path, { method, target, headers: { "Content-Type": "application/json" }, body: typeof body === "string" ? body : JSON.stringify(body) });

export function parseAnswer(received: string): Answer {
  const headEnd = received.indexOf("\r\n\r\n");
  const [statusLine = "", ...lines] = received.slice(0, headEnd).split("\r\n");
  const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()] as const));
  const rest = received.slice(headEnd + 4);
  const bytes = headers.get("transfer-encoding") === "chunked" ? unchunk(rest) : rest;
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1]), headers, text: Buffer.from(bytes, "latin1").toString("utf8") };
}

function unchunk(text: string): string {
  let whole = "";
  for (let at = 0; at < text.length; ) {
    const lineEnd = text.indexOf("\r\n", at);
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (!size) break;
    whole += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
  return whole;
}

export function messageOf(answer: Answer): string {
  const parsed = JSON.parse(answer.text) as { message?: string };
  return parsed.message ?? "";
}
