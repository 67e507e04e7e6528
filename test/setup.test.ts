/** What set-up says when the machine lacks something: one sentence, and nothing is installed. */
import { expect, test } from "bun:test";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./processes.ts";
import { scratchFolder } from "./scratch.ts";

const ROOT = join(import.meta.dir, "..");

/** Runs set-up with some programs replaced by scripts; apt-get and npm are always replaced, by ones that tell. */
async function setupWith(programs: Record<string, string>): Promise<{ code: number; output: string }> {
  const folder = scratchFolder();
  const scripts = { "apt-get": "echo apt-get was called; exit 1", npm: "echo npm was called; exit 1", ...programs };
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  const { code, stdout, stderr } = await run(["sh", join(ROOT, "setup/install")], {
    env: { PATH: `${folder}:${process.env["PATH"] ?? ""}`, HAKO_SETUP_LOCKED: "yes" },
  });
  rmSync(folder, { recursive: true });
  return { code, output: (stdout + stderr).trim() };
}

const uname = (system: string, release: string, machine: string): string => `case $1 in -s) echo ${system};; -r) echo ${release};; -m) echo ${machine};; esac`;

test.each([
  ["another system", { uname: uname("Darwin", "24.1.0", "x86_64") }, "containers are a feature of Linux"],
  ["another processor", { uname: uname("Linux", "6.1.0", "riscv64") }, "no build for riscv64"],
  ["an old kernel", { uname: uname("Linux", "5.10.0-28-amd64", "x86_64") }, "the kernel is 5.10.0-28-amd64 and 5.15 or newer is needed"],
  ["no root", { id: "case $1 in -u) echo 1000;; *) echo me;; esac" }, "set-up needs root, and this is me"],
  ["an old Node", { node: "echo 18" }, "Node.js 18 is too old"],
])("set-up on %s says so in one sentence", async (_name, programs: Record<string, string>, words) => {
  const { code, output } = await setupWith(programs);
  expect(code).not.toBe(0);
  expect(output).toContain(words);
  expect(output.split("\n").length).toBe(1);
});

test("set-up that has nothing to do says nothing and installs nothing", async () => {
  const { code, output } = await setupWith({});
  expect({ code, output }).toEqual({ code: 0, output: "" });
});
