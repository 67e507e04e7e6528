/** Runs the built shim with small plans and speaks its control protocol. Needs root; touches only a folder of its own. */
import { describe } from "bun:test";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PlanOp } from "../../src/runtime/ops.gen.ts";
import { encodePlan } from "../../src/runtime/plan-encoding.ts";
import { scratchFolder } from "../scratch.ts";

const repository = fileURLToPath(new URL("../..", import.meta.url));
/** Another build of the shim, such as the sanitized one, can be put to the same tests. */
const shimPath = process.env["SHIM_UNDER_TEST"] ?? join(repository, "build/native/hako-shim");
const spawnerPath = join(repository, "build/native/test/shim-spawn");
const busyboxPath = "/bin/busybox";

/** Why the tests cannot run here, or undefined. */
const unavailable: string | undefined = findObstacle();

function findObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root";
  if (!existsSync(busyboxPath)) return "needs busybox-static";
  const made = spawnSync("make", ["-s", "-C", join(repository, "native"), "all", "test-tools"], { encoding: "utf8" });
  return made.status === 0 ? undefined : `the shim does not build: ${made.stderr}`;
}

/** A group of kernel tests, skipped with its reason where they cannot run. */
export function kernelTests(title: string, body: () => void): void {
  describe.skipIf(unavailable !== undefined)(`${title}${unavailable ? ` (skipped: ${unavailable})` : ""}`, body);
}

export const CLONE = {
  NEWNS: 0x20000n,
  NEWCGROUP: 0x2000000n,
  NEWUTS: 0x4000000n,
  NEWIPC: 0x8000000n,
  NEWPID: 0x20000000n,
  NEWNET: 0x40000000n,
} as const;
export const STDIO = { TTY: 1, OPEN_STDIN: 2, STDIN_ONCE: 4, STREAM_OUTPUT: 8, DIRECT: 16 } as const;
export const STATE = { STARTING: 0, RUNNING: 1, EXITED: 2, FAILED: 3 } as const;
export const ATTR = { RDONLY: 1n, NOSUID: 2n, NODEV: 4n, NOEXEC: 8n } as const;
const MS_SLAVE = 0x80000n;
const ISOLATED = CLONE.NEWNS | CLONE.NEWUTS | CLONE.NEWIPC | CLONE.NEWPID | CLONE.NEWNET;
const ALL_CAPABILITIES = (1n << 41n) - 1n;

export interface ContainerOptions {
  readonly argv: readonly string[];
  readonly stdio?: number;
  readonly rows?: number;
  readonly cols?: number;
  readonly cloneFlags?: bigint;
  /** Between the standard mounts and pivot. */
  readonly beforePivot?: readonly PlanOp[];
  /** Before the root is mounted. */
  readonly beforeRoot?: readonly PlanOp[];
  readonly afterPivot?: readonly PlanOp[];
  readonly mounts?: readonly PlanOp[];
  readonly lowers?: readonly string[];
  readonly cwd?: string;
  readonly env?: readonly string[];
  readonly identity?: Partial<Extract<PlanOp, { op: "identity" }>>;
  readonly withoutLog?: boolean;
}

export const PROC: PlanOp = { op: "mount", target: "/proc", fstype: "proc", source: "proc", options: [], attributes: ATTR.NOSUID | ATTR.NODEV | ATTR.NOEXEC };
export const DEV: PlanOp = { op: "mount", target: "/dev", fstype: "tmpfs", source: "tmpfs", options: ["mode=755", "size=65536k"], attributes: ATTR.NOSUID };
export const PTS: PlanOp = { op: "mount", target: "/dev/pts", fstype: "devpts", source: "devpts", options: ["newinstance", "ptmxmode=0666", "mode=0620", "gid=5"], attributes: ATTR.NOSUID | ATTR.NOEXEC };

/** A data root of its own: image layers, snapshots, logs, sockets. */
export class Sandbox implements Disposable {
  readonly path = scratchFolder();
  #shims: number[] = [];
  #count = 0;

  constructor() {
    for (const folder of ["root", "layers/1/fs/bin", "layers/1/fs/tmp"]) mkdirSync(join(this.path, folder), { recursive: true });
    copyFileSync(busyboxPath, join(this.path, "layers/1/fs/bin/busybox"));
    chmodSync(join(this.path, "layers/1/fs/bin/busybox"), 0o755);
    for (const applet of ["sh", "cat", "echo", "sleep", "head", "yes", "true", "stty", "id", "ls", "mount", "hostname", "umask", "dd", "kill", "ps", "tty", "grep"])
      symlinkSync("busybox", join(this.path, "layers/1/fs/bin", applet));
  }

  layer(number: number, build: (folder: string) => void): void {
    const folder = join(this.path, `layers/${number}/fs`);
    mkdirSync(folder, { recursive: true });
    build(folder);
  }

  plan(options: ContainerOptions): { ops: PlanOp[]; log: string; index: string; exit: string; upper: string } {
    const own = join(this.path, `c${++this.#count}`);
    for (const folder of ["fs", "work"]) mkdirSync(join(own, folder), { recursive: true });
    const [log, index, exit, upper] = [join(own, "log"), join(own, "log.idx"), join(own, "exit"), join(own, "fs")];
    const stdio = options.stdio ?? 0;
    const ops: PlanOp[] = [
      { op: "stdio", flags: stdio, rows: options.rows ?? 0, cols: options.cols ?? 0 },
      ...(options.withoutLog ? [] : [{ op: "frameLog", path: log, indexPath: index } as const]),
      { op: "exitFile", path: exit },
      { op: "clone", flags: options.cloneFlags ?? ISOLATED, cgroupDir: "" },
      ...(options.beforeRoot ?? []),
      { op: "oomScoreAdj", value: 0 },
      { op: "propagation", flags: MS_SLAVE },
      { op: "overlayRoot", mountPoint: join(this.path, "root"), layersDir: join(this.path, "layers"), lowers: options.lowers ?? ["1/fs"], upper, work: join(own, "work") },
      ...(options.mounts ?? [PROC, DEV, PTS]),
      ...(options.beforePivot ?? []),
      { op: "waitHost" },
      ...(stdio & STDIO.TTY ? [{ op: "console", bindConsole: 1, socketFd: 0 } as const] : []),
      { op: "pivot" },
      ...(options.afterPivot ?? []),
      {
        op: "identity", uid: 0, gid: 0, groups: [], umask: 0o22, bounding: ALL_CAPABILITIES, effective: ALL_CAPABILITIES, permitted: ALL_CAPABILITIES,
        inheritable: 0n, ambient: 0n, ...options.identity,
      },
      { op: "cwd", path: options.cwd ?? "/" },
      { op: "exec", argv: options.argv, env: options.env ?? ["PATH=/bin", "TERM=xterm"] },
    ];
    return { ops, log, index, exit, upper };
  }

  spawn(ops: readonly PlanOp[], files: readonly string[] = [], options: SpawnOptions = {}): RunningShim {
    return this.spawnBytes(encodePlan(ops), files, options);
  }

  spawnBytes(plan: Uint8Array, files: readonly string[] = [], options: SpawnOptions = {}): RunningShim {
    const name = `${this.path}/s${++this.#count}`;
    writeFileSync(`${name}.plan`, plan);
    const env = { ASAN_OPTIONS: "detect_leaks=0", ...(options.direct ? { SHIM_DIRECT: "1" } : {}) };
    const command = [...(options.wrapper ?? []), spawnerPath, name, `${name}.plan`, shimPath, ...files];
    const child = Bun.spawn(command, { stdio: ["ignore", "pipe", "inherit"], env });
    this.#shims.push(child.pid);
    return { pid: child.pid, socket: name, exited: child.exited, output: child.stdout };
  }

  /** Runs a container to its end. */
  async run(options: ContainerOptions): Promise<Finished> {
    const { ops, log, index, exit, upper } = this.plan(options);
    const shim = this.spawn(ops);
    const control = await ShimClient.connect(shim.socket);
    const end = await control.end();
    control.close();
    await shim.exited;
    return { ...end, log: readLog(log), index, exitFile: existsSync(exit) ? JSON.parse(readFileSync(exit, "utf8")) : undefined, upper };
  }

  [Symbol.dispose](): void {
    for (const pid of this.#shims) killTree(pid);
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** The container first: a shim that is killed cannot end its child. */
function killTree(pid: number): void {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
    for (const child of [...children, pid]) process.kill(child, "SIGKILL");
  } catch {
    // It has ended already.
  }
}

export interface SpawnOptions {
  /** The shim keeps stdin, stdout and stderr of this process's child. */
  readonly direct?: boolean;
  /** A command that executes the rest of its arguments, such as `unshare -n`. */
  readonly wrapper?: readonly string[];
}
export interface RunningShim {
  readonly pid: number;
  readonly socket: string;
  readonly exited: Promise<number>;
  readonly output: ReadableStream<Uint8Array>;
}
export type End =
  | { readonly kind: "exited"; readonly exitCode: number; readonly signal: number; readonly oomKilled: number; readonly timeNs: bigint }
  | { readonly kind: "failed"; readonly opCode: number; readonly errno: number; readonly message: string };
export type Finished = End & { readonly log: LogText; readonly index: string; readonly exitFile: Record<string, unknown> | undefined; readonly upper: string };
export interface LogText {
  readonly frames: readonly { readonly stream: number; readonly text: string }[];
  readonly stdout: string;
  readonly stderr: string;
}

export function readLog(path: string): LogText {
  const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  const frames: { stream: number; text: string }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at + 4);
    frames.push({ stream: bytes[at] ?? 0, text: bytes.toString("utf8", at + 8, at + 8 + length) });
    at += 8 + length;
  }
  const text = (stream: number) => frames.filter((frame) => frame.stream === stream).map((frame) => frame.text).join("");
  return { frames, stdout: text(1), stderr: text(2) };
}

export function readIndex(path: string): { offset: number; timeNs: bigint; continued: boolean }[] {
  const bytes = readFileSync(path);
  return Array.from({ length: bytes.length / 16 }, (_, entry) => {
    const time = bytes.readBigUInt64LE(entry * 16 + 8);
    return { offset: Number(bytes.readBigUInt64LE(entry * 16)), timeNs: time & ((1n << 63n) - 1n), continued: time >> 63n === 1n };
  });
}

export interface Hello {
  readonly version: number;
  readonly state: number;
  readonly pid: number;
  readonly startedNs: bigint;
  readonly logEnd: bigint;
}
interface Frame {
  readonly type: number;
  readonly payload: Buffer;
}

export class ShimClient {
  #buffer = Buffer.alloc(0);
  #frames: Frame[] = [];
  #waiting: { type: number; take: (frame: Frame) => void }[] = [];
  #sequence = 0;
  /** The shim has half-closed its side. */
  readonly ended: Promise<void>;
  readonly raw: Buffer[] = [];
  #rawMode = false;

  private constructor(readonly socket: Socket, readonly role: number) {
    this.ended = new Promise((resolve) => socket.once("end", () => resolve()));
    socket.on("data", (data: Buffer) => this.#take(data));
    socket.on("error", () => {});
  }

  static async connect(path: string, role = 0): Promise<ShimClient & { hello: Hello }> {
    const socket = await dial(path);
    const client = new ShimClient(socket, role) as ShimClient & { hello: Hello };
    client.send(1, u32s(1, role));
    const refused = new Promise<never>((_, reject) => socket.once("close", () => reject(new Error("the shim closed the connection"))));
    refused.catch(() => {});
    const { payload } = await Promise.race([client.next(1), refused]);
    client.hello = {
      version: payload.readUInt32LE(0), state: payload.readUInt32LE(4), pid: payload.readUInt32LE(8),
      startedNs: payload.readBigUInt64LE(12), logEnd: payload.readBigUInt64LE(20),
    };
    return client;
  }

  send(type: number, payload: Uint8Array): void {
    const header = Buffer.alloc(8);
    header.writeUInt16LE(type, 0);
    header.writeUInt32LE(payload.length, 4);
    this.socket.write(Buffer.concat([header, payload]));
  }

  next(type: number): Promise<Frame> {
    const at = this.#frames.findIndex((frame) => frame.type === type);
    const [ready] = at >= 0 ? this.#frames.splice(at, 1) : [];
    if (ready) return Promise.resolve(ready);
    return new Promise((take) => this.#waiting.push({ type, take }));
  }

  async request(type: number, ...numbers: number[]): Promise<number> {
    const sequence = ++this.#sequence;
    this.send(type, u32s(sequence, ...numbers));
    const { payload } = await this.next(32);
    if (payload.readUInt32LE(0) !== sequence) throw new Error("acknowledgement of another request");
    return payload.readUInt32LE(4);
  }

  kill(signal: number): Promise<number> {
    return this.request(16, signal);
  }

  async started(): Promise<number> {
    return (await this.next(33)).payload.readUInt32LE(0);
  }

  async end(): Promise<End> {
    const failed = this.next(34).then(({ payload }): End => ({
      kind: "failed", opCode: payload.readUInt32LE(0), errno: payload.readUInt32LE(4), message: payload.toString("utf8", 12, 12 + payload.readUInt32LE(8)),
    }));
    const exited = this.next(35).then(({ payload }): End => ({
      kind: "exited", exitCode: payload.readUInt32LE(0), signal: payload.readUInt32LE(4), oomKilled: payload.readUInt32LE(8), timeNs: payload.readBigUInt64LE(12),
    }));
    return Promise.race([failed, exited]);
  }

  close(): void {
    this.socket.destroy();
  }

  #take(data: Buffer): void {
    if (this.#rawMode) {
      this.raw.push(data);
      return;
    }
    this.#buffer = Buffer.concat([this.#buffer, data]);
    while (this.#buffer.length >= 8 && this.#buffer.length >= 8 + this.#buffer.readUInt32LE(4)) {
      const length = this.#buffer.readUInt32LE(4);
      const frame = { type: this.#buffer.readUInt16LE(0), payload: this.#buffer.subarray(8, 8 + length) };
      this.#buffer = this.#buffer.subarray(8 + length);
      const waiter = this.#waiting.findIndex((one) => one.type === frame.type);
      if (waiter >= 0) this.#waiting.splice(waiter, 1)[0]?.take(frame);
      else this.#frames.push(frame);
      if (this.role !== 0) {
        this.#rawMode = true;
        if (this.#buffer.length > 0) this.raw.push(this.#buffer);
        return;
      }
    }
  }
}

export function u32s(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 4);
  for (const [index, number] of numbers.entries()) bytes.writeUInt32LE(number, index * 4);
  return bytes;
}

export function u64(number: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(number);
  return bytes;
}

/** The spawner needs a moment until it listens. */
async function dial(path: string): Promise<Socket> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await new Promise<Socket>((resolve, reject) => {
        const socket = createConnection({ path, allowHalfOpen: true }, () => resolve(socket));
        socket.once("error", reject);
      });
    } catch (error) {
      if (attempt > 400) throw error;
      await Bun.sleep(2);
    }
  }
}
