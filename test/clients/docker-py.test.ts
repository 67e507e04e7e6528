/** The usual calls of docker-py, as Debian publishes it: docker_py.py against this engine and, where DOCKER_PEER names one, Docker Engine. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { run, startEngine, type TestEngine } from "../harness.ts";
import { busyboxTar } from "../images.ts";

const PYTHON = "/usr/bin/python3";
const PROGRAM = join(import.meta.dir, "docker_py.py");
const NAMES = [...readFileSync(PROGRAM, "utf8").matchAll(/^ {4}def (test_\w+)/gm)].map(([, name = ""]) => name);
const peer = process.env["DOCKER_PEER"];

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine({ busybox: false });
}, 120_000);
afterAll(async () => engine[Symbol.asyncDispose](), 60_000);

describeDockerPy("this engine", () => engine.host);
if (peer) describeDockerPy("Docker Engine", () => peer);

function describeDockerPy(name: string, host: () => string): void {
  describe(`docker-py: ${name}`, () => {
    const results = new Map<string, string | null>();
    let complaint = "";
    beforeAll(async () => {
      const { stdout, stderr } = await run([PYTHON, PROGRAM], { env: { DOCKER_HOST: host(), IMAGE_TAR: await busyboxTar() } });
      complaint = stderr;
      for (const line of stdout.split("\n").filter((text) => text.startsWith("{"))) {
        const { test: id, problem } = JSON.parse(line) as { test: string; problem: string | null };
        results.set(id, problem);
      }
    }, 120_000);

    for (const each of NAMES) {
      test(each, () => {
        if (!results.has(each)) throw new Error(`it was not run: ${complaint.slice(-2000)}`);
        expect(results.get(each)).toBeNull();
      });
    }
  });
}
