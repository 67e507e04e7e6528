/** Runs the type check and all test files, and ends with one line: `N passed, N failed`. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { sweepAbandoned } from "../test/scratch.ts";

interface Count {
  readonly passed: number;
  readonly failed: number;
}

const RESULTS = "build/test";
const E2E_TIMEOUT_MS = 120_000;
const UNIT_TIMEOUT_MS = 60_000;
const patterns = process.argv.slice(2);

function heading(text: string): void {
  process.stdout.write(`\n== ${text}\n`);
}

async function run(command: string[]): Promise<number> {
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "inherit", stderr: "inherit" });
  return await child.exited;
}

/** A command that is one test. */
async function single(name: string, command: string[]): Promise<Count> {
  heading(name);
  const code = await run(command);
  if (code !== 0) process.stdout.write(`${name}: failed with exit code ${code}\n`);
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** Test files by group; two groups never run at once, so that figures and time limits stay meaningful. */
async function bunTests(name: string, timeoutMs: number, args: string[]): Promise<Count> {
  heading(name);
  const report = `${RESULTS}/${name.replaceAll(" ", "-")}.xml`;
  rmSync(report, { force: true });
  const workers = Math.max(2, Math.min(4, cpus().length));
  const code = await run([
    process.execPath, "test", `--parallel=${workers}`, "--parallel-delay=0", `--timeout=${timeoutMs}`, "--only-failures",
    "--reporter=junit", `--reporter-outfile=${report}`, "--pass-with-no-tests", ...args,
  ]);
  const count = existsSync(report) ? countJunit(readFileSync(report, "utf8")) : { passed: 0, failed: 0 };
  // A file that does not load, or a worker that dies, fails the run without a failed test of its own.
  return code !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count;
}

function countJunit(xml: string): Count {
  const root = xml.match(/<testsuites\b[^>]*>/)?.[0] ?? "";
  const attribute = (name: string): number => Number(root.match(new RegExp(`\\b${name}="(\\d+)"`))?.[1] ?? 0);
  const failed = attribute("failures") + attribute("errors");
  return { passed: attribute("tests") - failed - attribute("skipped"), failed };
}

await sweepAbandoned();
const counts: Count[] = [];
if (patterns.length > 0) {
  counts.push(await bunTests("chosen tests", E2E_TIMEOUT_MS, patterns));
} else {
  counts.push(await single("types", ["node", "node_modules/typescript/bin/tsc", "-p", ".", "--noEmit"]));
  counts.push(await bunTests("unit and kernel tests", UNIT_TIMEOUT_MS, ["--path-ignore-patterns=test/e2e/**", "src", "test", "native"]));
  counts.push(await bunTests("end to end tests", E2E_TIMEOUT_MS, ["test/e2e"]));
}

const passed = counts.reduce((sum, count) => sum + count.passed, 0);
const failed = counts.reduce((sum, count) => sum + count.failed, 0);
const summary = `${passed} passed, ${failed} failed`;
writeFileSync(`${RESULTS}/summary`, `${summary}\n`);
process.stdout.write(`\n${summary}\n`);
process.exit(failed === 0 ? 0 : 1);
