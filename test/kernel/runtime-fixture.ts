import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { readLog, ShimSpawner, type ContainerLaunch, type ExecLaunch, type Shim } from "../../src/runtime/mod.ts";
import type { ProcessSpec, RuntimeSpec } from "../../src/spec/mod.ts";
import { processIds } from "../leaks.ts";
import { processSpec } from "../runtime/spec-fixture.ts";
import { scratchFolder } from "../scratch.ts";

const SHIM = join(import.meta.dir, "../../build/native/hako-shim");
const BUSYBOX = ["/bin/busybox", "/usr/bin/busybox"].find(existsSync);
const APPLETS = ["sh", "true", "false", "echo", "cat", "sleep", "kill", "ls", "stty", "id", "head", "hostname", "readlink", "env", "mount", "touch", "ip", "seq", "dd", "wc", "pwd", "tty"];

/** Undefined, or why these tests cannot run here. */
export function missing(): string | undefined {
  if (process.getuid?.() !== 0) return "root";
  if (!existsSync(SHIM)) return "build/native/hako-shim (make -C native)";
  return BUSYBOX ? undefined : "busybox-static";
}

/** A data root and a run root of its own with one busybox layer. */
export class Playground implements AsyncDisposable {
  readonly dir = scratchFolder();
  readonly spawner = new ShimSpawner({ shim: SHIM });
  readonly shims: Shim[] = [];
  #count = 0;

  constructor() {
    const root = join(this.dir, "layers/1/fs");
    for (const folder of ["bin", "etc", "tmp", "dir"]) mkdirSync(join(root, folder), { recursive: true });
    mkdirSync(join(this.dir, "root"));
    copyFileSync(BUSYBOX ?? "", join(root, "bin/busybox"));
    chmodSync(join(root, "bin/busybox"), 0o755);
    for (const applet of APPLETS) symlinkSync("busybox", join(root, "bin", applet));
    chmodSync(join(root, "tmp"), 0o1777);
    copyFileSync("/etc/hostname", join(root, "notexec"));
    chmodSync(join(root, "notexec"), 0o644);
  }

  layer(...path: string[]): string {
    return join(this.dir, "layers/1/fs", ...path);
  }

  launchOf(spec: RuntimeSpec, stdio: Partial<ContainerLaunch["stdio"]> = {}): { id: string; socket: string; launch: ContainerLaunch; folder: string } {
    const id = `c${++this.#count}`;
    const folder = join(this.dir, id);
    for (const name of ["fs", "work"]) mkdirSync(join(folder, name), { recursive: true });
    const launch: ContainerLaunch = {
      spec,
      root: { kind: "overlay", layersDir: join(this.dir, "layers"), lowers: ["1/fs"], upper: join(folder, "fs"), work: join(folder, "work") },
      rootMountPoint: join(this.dir, "root"),
      cgroup: undefined,
      log: { path: join(folder, "log"), indexPath: join(folder, "log.idx") },
      exitFile: join(folder, "exit"),
      stdio: { tty: spec.process.terminal, openStdin: false, stdinOnce: false, rows: 0, cols: 0, ...stdio },
    };
    return { id, socket: join(folder, "s"), launch, folder };
  }

  async start(spec: RuntimeSpec, stdio: Partial<ContainerLaunch["stdio"]> = {}): Promise<Started> {
    const { id, socket, launch, folder } = this.launchOf(spec, stdio);
    const shim = await this.spawner.launchContainer(id, socket, launch);
    this.shims.push(shim);
    return { id, socket, launch, folder, shim };
  }

  async exec(container: Started, args: string[], more: { process?: Partial<ProcessSpec>; stdio?: Partial<ExecLaunch["stdio"]> } = {}): Promise<Shim> {
    const id = `e${++this.#count}`;
    const folder = join(this.dir, id);
    mkdirSync(folder);
    const { pid } = await container.shim.started;
    const shim = await this.spawner.launchExec(id, join(folder, "s"), {
      containerPid: pid,
      process: processSpec(args, more.process),
      cgroup: undefined,
      stdio: { tty: more.process?.terminal ?? false, openStdin: false, rows: 24, cols: 80, attachOutput: true, ...more.stdio },
      exitFile: join(folder, "exit"),
    });
    this.shims.push(shim);
    return shim;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const shim of this.shims) {
      await shim.kill(9).catch(() => undefined);
      // Of one that a test has let go of, nothing more is heard.
      await Promise.race([shim.exited.catch(() => undefined), Bun.sleep(500)]);
      shim.close();
    }
    this.spawner[Symbol.dispose]();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export interface Started {
  readonly id: string;
  readonly socket: string;
  readonly folder: string;
  readonly launch: ContainerLaunch;
  readonly shim: Shim;
}

/** Payloads of Docker's frames by stream. */
export function demultiplex(bytes: Uint8Array): { stdout: string; stderr: string } {
  const text = { stdout: "", stderr: "" };
  const buffer = Buffer.from(bytes);
  for (let at = 0; at + 8 <= buffer.length; ) {
    const length = buffer.readUInt32BE(at + 4);
    text[buffer[at] === 2 ? "stderr" : "stdout"] += buffer.toString("utf8", at + 8, at + 8 + length);
    at += 8 + length;
  }
  return text;
}

export async function gather(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(Buffer.from(chunk));
  return Buffer.concat(parts);
}

/** All that the container has said, once it has ended. */
export async function outputOf(container: Started): Promise<{ stdout: string; stderr: string }> {
  await container.shim.exited;
  const { path = "", indexPath = "" } = container.launch.log ?? {};
  const bytes = await gather(readLog({ path, indexPath, tty: false }, { follow: false, timestamps: false, stdout: true, stderr: true, signal: new AbortController().signal, ended: () => true }));
  return demultiplex(bytes);
}

/** Left by a test file that this process ran before, whose timers ended with it. */
const inherited = new Set(zombies());

/** Ended shims are reaped soon. */
export async function noZombies(): Promise<boolean> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    if (zombies().every((pid) => inherited.has(pid))) return true;
    await Bun.sleep(50);
  }
  return false;
}

function zombies(): number[] {
  return children().flatMap(({ pid, state }) => (state === "Z" ? [pid] : []));
}

/** This process's children and their state letters. */
export function children(): { pid: number; state: string }[] {
  return processIds().flatMap((pid) => {
    try {
      const [state = "", parent] = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
      return Number(parent) === process.pid ? [{ pid, state }] : [];
    } catch {
      return []; // it ended while we looked
    }
  });
}

export const exitFileOf = (container: Started): unknown => JSON.parse(readFileSync(container.launch.exitFile, "utf8"));
