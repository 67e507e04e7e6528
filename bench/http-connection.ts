/** One kept HTTP/1.1 connection on a unix socket: the same client for both engines, so that only they differ. */
export class HttpConnection implements Disposable {
  #buffer = new Uint8Array(0);
  #wake: (() => void) | undefined;
  #socket: Bun.Socket | undefined;

  static async open(path: string): Promise<HttpConnection> {
    const connection = new HttpConnection();
    connection.#socket = await Bun.connect({
      unix: path,
      socket: {
        data: (_socket, bytes) => connection.#push(bytes),
        close: () => connection.#wake?.(),
      },
    });
    return connection;
  }

  async request(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
    const text = body === undefined ? "" : JSON.stringify(body);
    this.#socket?.write(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
    const head = (await this.#until("\r\n\r\n")).toLowerCase();
    const status = Number(head.slice(9, 12));
    if (status === 204 || status === 304) return { status, text: "" };
    const length = head.match(/content-length: (\d+)/)?.[1];
    if (length !== undefined) return { status, text: await this.#take(Number(length)) };
    let whole = "";
    for (;;) {
      const size = Number.parseInt(await this.#until("\r\n"), 16);
      const chunk = await this.#take(size + 2);
      if (size === 0) return { status, text: whole };
      whole += chunk.slice(0, -2);
    }
  }

  #push(bytes: Uint8Array): void {
    const joined = new Uint8Array(this.#buffer.length + bytes.length);
    joined.set(this.#buffer);
    joined.set(bytes, this.#buffer.length);
    this.#buffer = joined;
    this.#wake?.();
  }

  async #more(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
  }

  async #until(mark: string): Promise<string> {
    for (;;) {
      const at = Buffer.from(this.#buffer.buffer, this.#buffer.byteOffset, this.#buffer.length).indexOf(mark);
      if (at >= 0) return (await this.#take(at + mark.length)).slice(0, -mark.length);
      await this.#more();
    }
  }

  async #take(count: number): Promise<string> {
    while (this.#buffer.length < count) await this.#more();
    const text = new TextDecoder().decode(this.#buffer.subarray(0, count));
    this.#buffer = this.#buffer.subarray(count);
    return text;
  }

  [Symbol.dispose](): void {
    this.#socket?.end();
  }
}
