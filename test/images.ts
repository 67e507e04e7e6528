/** Root file systems for tests, made on this machine. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./processes.ts";
import { scratchFolder } from "./scratch.ts";

const CACHE = join(import.meta.dir, "..", "build", "test-images");

/** A folder holding the root of busybox-static with the few files an image is expected to have. */
export async function writeBusyboxRoot(root: string): Promise<void> {
  for (const folder of ["bin", "etc", "tmp", "root", "home/user", "var", "usr/bin", "sbin"]) mkdirSync(join(root, folder), { recursive: true });
  chmodSync(join(root, "tmp"), 0o1777);
  copyFileSync(Bun.which("busybox") ?? "/bin/busybox", join(root, "bin/busybox"));
  const { stdout } = await run(["busybox", "--list"]);
  for (const applet of stdout.split("\n").filter((name) => name !== "" && name !== "busybox")) symlinkSync("busybox", join(root, "bin", applet));
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home/user:/bin/sh\n");
  writeFileSync(join(root, "etc/group"), "root:x:0:\nuser:x:1000:\nextra:x:2000:user\n");
}

/** The tar of that root, made once per checkout. */
export async function busyboxTar(): Promise<string> {
  const path = join(CACHE, "busybox.tar");
  if (existsSync(path)) return path;
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, "busybox-"));
  try {
    await writeBusyboxRoot(join(folder, "root"));
    await tarFolder(join(folder, "root"), join(folder, "root.tar"));
    renameSync(join(folder, "root.tar"), path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return path;
}

export async function tarFolder(folder: string, target: string): Promise<void> {
  const { code, stderr } = await run(["tar", "-C", folder, "--numeric-owner", "--owner=0", "--group=0", "-cf", target, "."]);
  if (code !== 0) throw new Error(`tar of ${folder}: ${stderr}`);
}

/** A busybox root changed by `change`, as a tar: images that are made to attack. */
export async function changedBusyboxTar(target: string, change: (root: string) => void | Promise<void>): Promise<void> {
  const folder = scratchFolder();
  try {
    await writeBusyboxRoot(folder);
    await change(folder);
    await tarFolder(folder, target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
