/** Child processes for tests: output as text, exit code, terminals. */
const decoder = new TextDecoder();

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string | Uint8Array;
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** A command that runs longer is killed and the test fails with what it printed so far. */
  readonly timeoutMs?: number;
}

/** The environment of every test process: nothing of the developer's own leaks into expectations. */
export const TEST_ENV: Record<string, string> = {
  PATH: process.env["PATH"] ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/tmp",
  LANG: "C.UTF-8",
  TERM: "xterm",
};

export async function run(command: readonly string[], options: RunOptions = {}): Promise<Result> {
  const child = Bun.spawn([...command], {
    stdin: options.stdin === undefined ? "ignore" : typeof options.stdin === "string" ? new TextEncoder().encode(options.stdin) : options.stdin,
    stdout: "pipe",
    stderr: "pipe",
    env: { ...TEST_ENV, ...options.env },
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
  const timeoutMs = options.timeoutMs ?? 110_000;
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill("SIGKILL");
  }, timeoutMs);
  const [stdout, stderr, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  clearTimeout(timer);
  if (timedOut) throw new Error(`${command.join(" ")} ran longer than ${timeoutMs} ms\nstdout: ${stdout.slice(-2000)}\nstderr: ${stderr.slice(-2000)}`);
  return { code, stdout, stderr };
}

/** A process whose output is looked at while it runs. */
export class Live implements Disposable {
  #output = "";
  #waiting: (() => void)[] = [];
  readonly #child: Bun.Subprocess;
  readonly exited: Promise<number>;

  private constructor(child: Bun.Subprocess) {
    this.#child = child;
    this.exited = child.exited;
    void child.exited.then(() => this.#wake());
  }

  /** With pipes: standard output and error are read as one text. */
  static spawn(command: readonly string[], env: Record<string, string> = {}): Live {
    const child = Bun.spawn([...command], { stdin: "pipe", stdout: "pipe", stderr: "pipe", env: { ...TEST_ENV, ...env } });
    const live = new Live(child);
    for (const stream of [child.stdout, child.stderr]) void live.#read(stream);
    return live;
  }

  /** Under a pseudo-terminal of the given size. */
  static terminal(command: readonly string[], size: { cols: number; rows: number } = { cols: 80, rows: 24 }): Live {
    let live: Live | undefined;
    const early: Uint8Array[] = [];
    const child = Bun.spawn([...command], {
      env: TEST_ENV,
      terminal: {
        ...size,
        data: (_terminal, bytes) => {
          if (live) live.#append(bytes);
          else early.push(bytes.slice());
        },
      },
    });
    live = new Live(child);
    for (const bytes of early) live.#append(bytes);
    return live;
  }

  get pid(): number {
    return this.#child.pid;
  }

  get output(): string {
    return this.#output;
  }

  write(text: string): void {
    if (this.#child.terminal) {
      this.#child.terminal.write(text);
      return;
    }
    const { stdin } = this.#child;
    if (stdin === undefined || typeof stdin === "number") throw new Error("no standard input");
    void stdin.write(text);
    void stdin.flush();
  }

  endInput(): void {
    const { stdin } = this.#child;
    if (stdin !== undefined && typeof stdin !== "number") void stdin.end();
  }

  resize(cols: number, rows: number): void {
    this.#child.terminal?.resize(cols, rows);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Resolves once the output holds `expected`; fails with the output when it does not come or the process ends first. */
  async until(expected: string | RegExp, timeoutMs = 60_000, from = 0): Promise<string> {
    const found = (): boolean => (typeof expected === "string" ? this.#output.includes(expected, from) : expected.test(this.#output.slice(from)));
    const deadline = Date.now() + timeoutMs;
    while (!found()) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        // The last bytes may still be on their way from the pipe.
        await Bun.sleep(50);
        if (found()) break;
        throw new Error(`the process ended (${this.#child.exitCode ?? this.#child.signalCode}) without printing ${expected}\n${this.#output}`);
      }
      if (Date.now() >= deadline) throw new Error(`${expected} did not come within ${timeoutMs} ms\n${this.#output}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      const timer = setTimeout(resolve, Math.max(1, deadline - Date.now()));
      await promise;
      clearTimeout(timer);
    }
    return this.#output;
  }

  async exitCode(timeoutMs = 60_000): Promise<number> {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(`the process did not end within ${timeoutMs} ms\n${this.#output}`)), timeoutMs);
    try {
      return await Promise.race([this.exited, promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const bytes of stream) this.#append(bytes);
  }

  #append(bytes: Uint8Array): void {
    this.#output += decoder.decode(bytes);
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  [Symbol.dispose](): void {
    if (this.#child.exitCode === null) this.#child.kill("SIGKILL");
    this.#child.terminal?.close();
  }
}
