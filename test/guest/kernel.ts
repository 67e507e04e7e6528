/** Debian's cloud kernel, fetched once with apt-get and unpacked below build/guest. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";

export const CACHE = join(import.meta.dir, "../../build/guest");
const PACKAGE = "linux-image-cloud-amd64";

export interface GuestKernel {
  readonly image: string;
  /** lib/modules/<release> */
  readonly modules: string;
}

export async function guestKernel(): Promise<GuestKernel> {
  const unpacked = join(CACHE, "kernel");
  if (!existsSync(unpacked)) await fetchKernel(unpacked);
  const image = readdirSync(join(unpacked, "boot")).find((name) => name.startsWith("vmlinuz-"));
  if (image === undefined) throw new Error(`${unpacked}/boot holds no kernel: remove build/guest and run it again`);
  return { image: join(unpacked, "boot", image), modules: join(unpacked, "lib/modules", image.replace("vmlinuz-", "")) };
}

/** The named package only depends on that of the current version. */
async function fetchKernel(target: string): Promise<void> {
  const download = `${target}.${process.pid}`;
  mkdirSync(download, { recursive: true });
  try {
    const depends = await run(["apt-cache", "depends", PACKAGE]);
    const versioned = /Depends: (linux-image-\S+)/.exec(depends)?.[1];
    if (versioned === undefined) throw new Error(`apt-cache knows no ${PACKAGE}: run apt-get update`);
    await run(["apt-get", "download", "-qq", versioned], download);
    const file = readdirSync(download).find((name) => name.endsWith(".deb"));
    await run(["dpkg-deb", "-x", join(download, file ?? ""), join(download, "root")]);
    if (!existsSync(target)) renameSync(join(download, "root"), target);
  } finally {
    rmSync(download, { recursive: true, force: true });
  }
}

async function run(command: string[], cwd?: string): Promise<string> {
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "pipe", ...(cwd && { cwd }) });
  const [stdout, stderr, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  if (code !== 0) throw new Error(`${command.join(" ")}: ${stderr.trim()}`);
  return stdout;
}

/** Files of the named modules and of all they depend on, in loading order. */
export function moduleFiles({ modules }: GuestKernel, names: readonly string[]): string[] {
  const all = new Map(readdirSync(modules, { recursive: true, encoding: "utf8" }).flatMap((path) => (path.endsWith(".ko") ? [[moduleName(path), join(modules, path)] as const] : [])));
  const ordered = new Set<string>();
  const visit = (name: string): void => {
    const file = all.get(name.replaceAll("-", "_"));
    if (file === undefined) throw new Error(`the guest's kernel has no module ${name}`);
    for (const needed of dependenciesOf(file)) visit(needed);
    ordered.add(file);
  };
  names.forEach(visit);
  return [...ordered];
}

const moduleName = (path: string): string => basename(path, ".ko").replaceAll("-", "_");

/** The module says it itself, in its .modinfo section: `depends=a,b` between NULs. */
function dependenciesOf(file: string): string[] {
  const bytes = readFileSync(file);
  const start = bytes.indexOf("\0depends=") + "\0depends=".length;
  if (start < "\0depends=".length) return [];
  return bytes.subarray(start, bytes.indexOf(0, start)).toString().split(",").filter(Boolean);
}
