import { closeStdinFrame, EventDecoder, HelloGate, helloFrame, keepFrame, killFrame, resizeFrame, ROLE, rotateFrame, ROTATION_VERSION, watchFrame, type ShimEvent } from "./control-protocol.ts";
import { readExitFile, type ExitStatus } from "./exit-file.ts";
import { errnoMessage } from "../linux/mod.ts";
import { LogWatchers } from "./log-watchers.ts";
import { opName, type OpName, ShimCommandError, ShimLostError, StartError } from "./shim-errors.ts";
import { SocketReader, SocketStream } from "./socket-stream.ts";

const ESRCH = 3;
const ENOTSUP = 95;

export interface StartedProcess {
  readonly pid: number;
  readonly startedNs: bigint;
}

/** Bytes to the process's standard input. `write` resolves when they are on their way; `end` is the end of file. */
export interface ShimStdin {
  write(bytes: Uint8Array): Promise<void>;
  end(): void;
}

export interface ShimOptions {
  /** Where the shim leaves the status: asked when the shim has gone without telling. */
  readonly exitFile?: string;
  /** As `ENOENT`; errno numbers are the kernel's, their names linux/'s. */
  readonly errnoName?: (errno: number) => string;
  /** Of a process that another runtime has made: that one delivers signals; where it cannot, the shim does. */
  readonly deliver?: (signal: number) => Promise<void>;
  /** What is known of a start that failed beyond what the shim says. */
  readonly explain?: () => string | undefined;
  /** Once. `letGo`: closed by us while the process ran, the shim goes on; otherwise it is ending. */
  readonly onClosed?: (letGo: boolean) => void;
}

/**
 * One process under the care of its shim, over the shim's control socket. The shim outlives this object: closing it
 * (or the engine's death) leaves the process running, and connectShim makes another.
 *
 *     const shim = await spawner.launchContainer(id, socketPath, launch);
 *     const { pid } = await shim.started;   // or StartError
 *     await shim.kill(15);
 *     const { exitCode } = await shim.exited;
 */
export class Shim {
  /** The process, as the host sees it, once it is started. */
  pid: number | undefined;
  /** The process, also while it is being prepared, as the shim's greeting had it. */
  preparedPid: number | undefined;
  readonly started: Promise<StartedProcess>;
  /** Rejects with StartError when it never ran, and with ShimLostError when nobody knows. */
  readonly exited: Promise<ExitStatus>;

  readonly #started = Promise.withResolvers<StartedProcess>();
  readonly #exited = Promise.withResolvers<ExitStatus>();
  readonly #hello = Promise.withResolvers<boolean>();
  readonly #decoder = new EventDecoder();
  readonly #acks = new Map<number, (errno: number) => void>();
  readonly #log = new LogWatchers((end) => this.#send(watchFrame(end)));
  #control: SocketStream | undefined;
  #seq = 0;
  #version = 0;
  #startedNs = 0n;
  #settled = false;
  #closing = false;
  #disconnected = false;

  private constructor(
    private readonly socketPath: string,
    private readonly options: ShimOptions,
  ) {
    this.started = this.#started.promise;
    this.exited = this.#exited.promise;
    // Both are told to whoever asks; nobody need ask.
    this.started.catch(() => undefined);
    this.exited.catch(() => undefined);
  }

  /** Connects to a listening socket, whether or not its shim has begun to answer. @throws when nobody listens. */
  static async connect(socketPath: string, options: ShimOptions): Promise<Shim> {
    const shim = new Shim(socketPath, options);
    shim.#control = await SocketStream.connect(socketPath, {
      onData: (bytes) => shim.#decoder.push(bytes).forEach((event) => shim.#take(event)),
      onEnd: () => shim.#lost(),
    });
    shim.#send(helloFrame(ROLE.CONTROL));
    return shim;
  }

  /** False when the connection closed before the shim's first word. */
  greeted(): Promise<boolean> {
    return this.#hello.promise;
  }

  /** @throws ShimCommandError ESRCH when the process has ended. */
  async kill(signal: number): Promise<void> {
    if (!this.#settled && this.options.deliver && (await delivered(this.options.deliver(signal)))) return;
    return await this.#command(`send signal ${signal}`, (seq) => killFrame(seq, signal));
  }

  resize(rows: number, cols: number): Promise<void> {
    return this.#command("resize the terminal", (seq) => resizeFrame(seq, rows, cols));
  }

  closeStdin(): Promise<void> {
    return this.#command("close standard input", (seq) => closeStdinFrame(seq));
  }

  /** The log goes on in a new file: the older ones are the caller's to remove. */
  rotateLog(): Promise<void> {
    return this.#logCommand("begin a new log file", (seq) => rotateFrame(seq));
  }

  /** Somebody needs all output: from now on, or no longer, no file of the log is removed, and one that discards is written. */
  keepLog(wanted: boolean): Promise<void> {
    return this.#logCommand("keep the output", (seq) => keepFrame(seq, wanted));
  }

  async openStdin(): Promise<ShimStdin> {
    const stream = await SocketStream.connect(this.socketPath, { onData: () => undefined, onEnd: () => undefined });
    await stream.write(helloFrame(ROLE.STDIN));
    return stream;
  }

  /**
   * The output of a process whose output is streamed (stdio flag STREAM_OUTPUT): Docker's frames, or a terminal's raw
   * bytes. Stop iterating and the rest is discarded. Of a process that failed to start, whose shim may be gone already,
   * there is no output; `started` tells why.
   */
  async openOutput(): Promise<AsyncIterable<Uint8Array>> {
    const reader = new SocketReader();
    const gate = new HelloGate();
    const onData = (bytes: Uint8Array): void => {
      const raw = gate.push(bytes);
      if (raw) reader.push(raw);
    };
    try {
      const stream = await SocketStream.connect(this.socketPath, { onData, onEnd: () => reader.finish() });
      reader.source = stream;
      await stream.write(helloFrame(ROLE.OUTPUT));
    } catch {
      reader.finish();
    }
    return reader;
  }

  /** Resolves with the log's size once it is past `end`; at once when the process has ended. */
  watchLog(end: bigint | number): Promise<number> {
    return this.#log.wait(Number(end));
  }

  /** Lets go of the shim, which goes on. `exited` stays unsettled if it was. */
  close(): void {
    this.#closing = true;
    this.#control?.close();
  }

  #take(event: ShimEvent): void {
    switch (event.kind) {
      case "hello":
        this.#version = event.version;
        this.#log.reached(event.logEnd);
        this.preparedPid = event.pid;
        if (event.state === "running" || event.state === "exited") this.#markStarted(event.pid, event.startedNs);
        this.#hello.resolve(true);
        return;
      case "ack":
        this.#acks.get(event.seq)?.(event.errno);
        this.#acks.delete(event.seq);
        return;
      case "started":
        return this.#markStarted(event.pid, event.timeNs);
      case "failed":
        return this.#settleFailure(this.#failureOf(opName(event.opCode), event.errno, event.message));
      case "exited":
        return this.#settle({ exitCode: event.exitCode, signal: event.signal, oomKilled: event.oomKilled, startedNs: this.#startedNs, finishedNs: event.timeNs });
      case "log":
        return this.#log.reached(event.end);
      default:
        event satisfies never;
    }
  }

  /** Of a plan that runs another runtime, what cannot be executed is that one. */
  #failureOf(op: OpName | undefined, errno: number, message: string): StartError {
    const { explain, errnoName } = this.options;
    const code = errnoName?.(errno) ?? `errno ${errno}`;
    if (explain && op === "exec") return new StartError("adopt", errno, code, `fork/exec ${message}: ${errnoMessage(errno)}`);
    return new StartError(op, errno, code, (op === "adopt" ? explain?.() : undefined) ?? message);
  }

  #markStarted(pid: number, startedNs: bigint): void {
    this.pid = pid;
    this.#startedNs = startedNs;
    this.#started.resolve({ pid, startedNs });
  }

  #settle(status: ExitStatus): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#log.finish();
    this.#exited.resolve(status);
  }

  #settleFailure(error: Error): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#log.finish();
    this.#started.reject(error);
    this.#exited.reject(error);
  }

  /** The connection is gone; the exit file knows when the shim ended between two engines or was killed after writing it. */
  #lost(): void {
    this.#disconnected = true;
    this.#hello.resolve(false);
    for (const acknowledge of this.#acks.values()) acknowledge(ESRCH);
    this.#acks.clear();
    this.options.onClosed?.(this.#closing && !this.#settled);
    if (this.#closing) {
      this.#log.finish();
      return;
    }
    const status = this.options.exitFile === undefined ? undefined : readExitFile(this.options.exitFile);
    if (status) {
      if (this.pid === undefined) this.#markStarted(0, status.startedNs);
      this.#settle(status);
    } else {
      this.#settleFailure(new ShimLostError("the container's monitor process ended without reporting an exit status"));
    }
  }

  async #logCommand(what: string, build: (seq: number) => Uint8Array): Promise<void> {
    await this.greeted();
    if (this.#version < ROTATION_VERSION) throw new ShimCommandError(what, ENOTSUP);
    await this.#command(what, build);
  }

  async #command(what: string, build: (seq: number) => Uint8Array): Promise<void> {
    if (this.#settled || this.#disconnected) throw new ShimCommandError(what, ESRCH);
    const seq = (this.#seq = (this.#seq + 1) >>> 0);
    const errno = await new Promise<number>((resolve) => {
      this.#acks.set(seq, resolve);
      this.#send(build(seq));
    });
    if (errno !== 0) throw new ShimCommandError(what, errno);
  }

  /** A write that fails means the connection is gone, which #lost deals with. */
  #send(frame: Uint8Array): void {
    this.#control?.write(frame).catch(() => undefined);
  }
}

function delivered(delivery: Promise<void>): Promise<boolean> {
  return delivery.then(
    () => true,
    () => false,
  );
}

/** The shim that listens on `socketPath`; undefined when nobody does, or it was just ending. */
export async function connectShim(socketPath: string, options: ShimOptions = {}): Promise<Shim | undefined> {
  const shim = await Shim.connect(socketPath, options).catch(() => undefined);
  return shim && (await shim.greeted()) ? shim : undefined;
}
