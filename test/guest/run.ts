/**
 * A small virtual machine for what this machine's kernel is not set up for: cgroup v2 alone, Debian's kernel, no network.
 * qemu emulates the processor, so everything in it is ten to thirty times slower; a boot takes some seconds.
 */
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { cpioArchive, type CpioEntry } from "./cpio.ts";
import { guestKernel, moduleFiles } from "./kernel.ts";
import { scratchFolder } from "../scratch.ts";

export interface GuestRequest {
  /** Path in the guest → path of a file here; executables bring the libraries that ldd names. */
  readonly files: Readonly<Record<string, string>>;
  /** For busybox sh; /proc, /sys, /dev, /tmp and cgroup2 on /sys/fs/cgroup are mounted. */
  readonly script: string;
  /** Kernel modules to load; what they depend on comes along. */
  readonly modules?: readonly string[];
  readonly memoryMb?: number;
  readonly timeoutMs?: number;
}

export interface GuestResult {
  /** The script's standard output and error, without carriage returns. */
  readonly output: string;
  readonly exitCode: number;
}

const BEGIN = "==guest begins==";
const END = /==guest ends (\d+)==/;
const DIRECTORY = 0o40755;
const PROGRAM = 0o100755;
const LINK = 0o120777;

/** @throws Error with the console's last lines when the guest did not come to the end of the script in time */
export async function runInGuest({ files, script, modules = [], memoryMb = 1536, timeoutMs = 120_000 }: GuestRequest): Promise<GuestResult> {
  const kernel = await guestKernel();
  const folder = scratchFolder();
  try {
    const initrd = join(folder, "initrd");
    writeFileSync(initrd, cpioArchive(await rootEntries(files, script, moduleFiles(kernel, modules))));
    return resultOf(await boot(kernel.image, initrd, memoryMb, timeoutMs));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function boot(image: string, initrd: string, memoryMb: number, timeoutMs: number): Promise<string> {
  // no_timer_check: on a busy machine the emulated timer comes too late for the kernel's test of it, which is a panic.
  const command = [
    "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", String(memoryMb), "-nographic", "-no-reboot", "-nodefaults", "-serial", "stdio",
    "-kernel", image, "-initrd", initrd, "-append", "console=ttyS0 quiet panic=-1 cgroup_no_v1=all no_timer_check tsc=unstable mitigations=off",
  ];
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const timer = setTimeout(() => child.kill(9), timeoutMs);
  const [console, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  clearTimeout(timer);
  return `${console}\n${errors}`.replaceAll("\r", "");
}

function resultOf(console: string): GuestResult {
  const begin = console.indexOf(BEGIN);
  const end = END.exec(console);
  if (begin < 0 || !end) throw new Error(`the guest did not finish; its console ended with:\n${console.slice(-2000)}`);
  return { output: console.slice(begin + BEGIN.length + 1, end.index), exitCode: Number(end[1]) };
}

async function rootEntries(files: Readonly<Record<string, string>>, script: string, modules: readonly string[]): Promise<CpioEntry[]> {
  const content = new Map<string, CpioEntry>();
  const put = (path: string, data: Uint8Array, mode = PROGRAM): void => {
    addParents(content, path);
    content.set(path, { path, mode, data });
  };
  for (const path of ["proc", "sys", "dev", "tmp", "run", "etc", "root", "var", "usr/bin"]) addParents(content, `${path}/x`);
  put("bin/busybox", readFileSync("/bin/busybox"));
  put("bin/sh", Buffer.from("busybox"), LINK);
  put("init", Buffer.from(initScript(modules)));
  put("script", Buffer.from(script));
  for (const module of modules) put(`modules/${basename(module)}`, readFileSync(module));
  for (const [path, source] of Object.entries(files)) {
    put(path.replace(/^\/+/, ""), readFileSync(source), 0o100000 | (statSync(source).mode & 0o7777));
    for (const library of await librariesOf(source)) put(library.replace(/^\/+/, ""), readFileSync(library));
  }
  return [...content.values()];
}

function addParents(content: Map<string, CpioEntry>, path: string): void {
  const parts = path.split("/");
  for (let depth = 1; depth < parts.length; depth++) {
    const folder = parts.slice(0, depth).join("/");
    if (!content.has(folder)) content.set(folder, { path: folder, mode: DIRECTORY });
  }
}

/** The serial line is slow and shared with the kernel: only what lies between the marks counts. */
function initScript(modules: readonly string[]): string {
  return `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin:/usr/bin HOME=/root
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs tmp /tmp; mount -t cgroup2 cgroup /sys/fs/cgroup
mkdir -p /dev/pts /dev/shm; mount -t devpts devpts /dev/pts; mount -t tmpfs shm /dev/shm
ip link set lo up
${modules.map((module) => `insmod /modules/${basename(module)}`).join("\n")}
echo; echo "${BEGIN}"
# The first root file system has nothing below it, so that nobody can pivot away from it; a bind of it has.
mkdir /.root; mount --rbind / /.root
chroot /.root sh /script </dev/null 2>&1
echo "==guest ends $?=="
reboot -f
`;
}

async function librariesOf(program: string): Promise<string[]> {
  const child = Bun.spawn(["ldd", program], { stdin: "ignore", stdout: "pipe", stderr: "ignore" });
  const text = await new Response(child.stdout).text();
  return [...text.matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm)].map((match) => match[1] ?? "");
}
