/**
 * Builds beside BuildKit, in turn: `docker build` in a box that has docker and buildx, ours by our own command line.
 *
 *   --box PROGRAM   runs `sh COMMAND` in the box; its root is that of its engine's process
 *   --quick         two rounds, a tenth of the files, 100 MB
 *   --only text     measures whose name contains text
 *   --alone         without a box
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { run, startEngine, type TestEngine } from "../test/harness.ts";
import { busyboxTar } from "../test/images.ts";
import { median } from "./median.ts";

const { values: flags } = parseArgs({ args: process.argv.slice(2), options: { box: { type: "string" }, quick: { type: "boolean" }, only: { type: "string" }, alone: { type: "boolean" } } });
const ROUNDS = flags.quick ? 2 : 5;
const FILES = flags.quick ? 2000 : 20_000;
const LARGE_MB = flags.quick ? 100 : 500;
const IMAGE = "hakobench-build:1";
const STAGES = 6;
const MEMORY_LIMIT_MB = 200;

interface Side {
  /** Holds the projects, as this process sees it. */
  readonly folder: string;
  build(project: string, flags: readonly string[]): Promise<number>;
}

interface Measure {
  readonly name: string;
  readonly project: string;
  readonly flags: readonly string[];
  /** At most this part of theirs. */
  readonly goal: number;
  /** What is changed before each build. */
  readonly change?: (folder: string, round: number) => void;
  /** Built once before the first round. */
  readonly warm: boolean;
}

async function timed(command: readonly string[]): Promise<number> {
  const beganMs = performance.now();
  const { code, stdout, stderr } = await run(command, { timeoutMs: 600_000 });
  if (code !== 0) throw new Error(`${command.join(" ")}: exit code ${code}\n${stdout}${stderr}`);
  return performance.now() - beganMs;
}

function ours(engine: TestEngine): Side {
  const folder = join(engine.runRoot, "projects");
  return { folder, build: async (project, words) => await timed(engine.command("build", "-q", "-t", `hakobench-${project}`, ...words, join(folder, project))) };
}

function enginePid(): string {
  const found = readdirSync("/proc").find((name) => /^\d+$/.test(name) && commandOf(name) === "dockerd");
  if (found === undefined) throw new Error("no dockerd is running");
  return found;
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return ""; // it ended while we looked
  }
}

function theirs(box: string): Side {
  const inBox = `/tmp/hk-bench-${process.pid}`;
  return { folder: `/proc/${enginePid()}/root${inBox}`, build: async (project, words) => await timed([box, "sh", `docker build -q -t hakobench-${project} ${words.join(" ")} ${inBox}/${project}`]) };
}

const TEN_STEPS = [`FROM ${IMAGE}`, ...Array.from({ length: 8 }, (_, n) => `RUN echo ${n} >/file${n}`), "COPY changing /changing", ""].join("\n");
const SIX_STAGES = [
  ...Array.from({ length: STAGES }, (_, n) => [`FROM ${IMAGE} AS stage${n}`, `RUN sleep 0.3; echo ${n} >/out${n}`, `RUN echo ${n} >/more${n}`]).flat(),
  `FROM ${IMAGE}`, ...Array.from({ length: STAGES }, (_, n) => `COPY --from=stage${n} /out${n} /`), "",
].join("\n");

function makeProjects(folder: string): void {
  const write = (path: string, content: string | Uint8Array): void => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  write("ten/Dockerfile", TEN_STEPS);
  write("ten/changing", "0");
  write("six/Dockerfile", SIX_STAGES);
  write("files/Dockerfile", `FROM ${IMAGE}\nCOPY src /src\n`);
  for (let n = 0; n < FILES; n++) write(`files/src/d${n % 200}/f${n}`, `file ${n}\n${"x".repeat(n % 3000)}`);
  write("large/Dockerfile", `FROM ${IMAGE}\nCOPY blob /blob\n`);
  write("large/blob", Buffer.alloc(LARGE_MB * 1_000_000, crypto.getRandomValues(new Uint8Array(65_536))));
}

/** A new beginning of the content, so that it is another file. */
function changeLarge(folder: string, round: number): void {
  const path = join(folder, "large/blob");
  const bytes = readFileSync(path);
  bytes.write(`round ${round} of ${process.pid}\n`);
  writeFileSync(path, bytes);
}

/** Copied anew, files have new times: everything is sent. */
function moveFiles(folder: string, round: number): void {
  cpSync(join(folder, "files"), join(folder, "first"), { recursive: true });
  writeFileSync(join(folder, "first/src/d5/f5"), `first of round ${round}, ${process.pid}`);
}

const MEASURES: readonly Measure[] = [
  { name: "ten steps without cache", project: "ten", flags: ["--no-cache"], goal: 1 / 4, warm: true },
  { name: "ten steps, all known", project: "ten", flags: [], goal: 1 / 4, warm: true },
  { name: "ten steps, the last copy changed", project: "ten", flags: [], goal: 1 / 4, warm: true, change: (folder, round) => writeFileSync(join(folder, "ten/changing"), `${round} ${process.pid}`) },
  { name: "six independent stages", project: "six", flags: ["--no-cache"], goal: 1 / 3, warm: true },
  { name: `${FILES} small files, the first time`, project: "first", flags: [], goal: 1 / 2, warm: false, change: moveFiles },
  { name: `${FILES} small files, one changed`, project: "files", flags: [], goal: 1 / 10, warm: true, change: (folder, round) => writeFileSync(join(folder, "files/src/d5/f5"), `${round} ${process.pid}`) },
  { name: `copy of ${LARGE_MB} MB`, project: "large", flags: [], goal: 1 / 2, warm: false, change: changeLarge },
];

const figure = (ms: number): string => `${ms.toFixed(0)} ms`;
const spread = (samples: readonly number[]): string => (samples.length > 0 ? `${Math.min(...samples).toFixed(0)}–${Math.max(...samples).toFixed(0)}` : "");
const peakMB = (pid: number): number => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;

/** The first of each pair alternates: drift of the machine meets both. */
async function interleaved(measure: Measure, sides: readonly Side[]): Promise<number[][]> {
  const samples: number[][] = sides.map(() => []);
  if (measure.warm) for (const side of sides) await side.build(measure.project, []);
  for (let round = 0; round < ROUNDS; round++) {
    const order = sides.map((side, index) => ({ side, index }));
    for (const { side, index } of round % 2 ? order.reverse() : order) {
      if (measure.project === "first") rmSync(join(side.folder, "first"), { recursive: true, force: true });
      measure.change?.(side.folder, round);
      samples[index]?.push(await side.build(measure.project, measure.flags));
    }
  }
  return samples;
}

await using engine = await startEngine({ busybox: false });
await engine.importTar(await busyboxTar(), IMAGE);
const mine = ours(engine);
const peer = flags.alone || flags.box === undefined ? undefined : theirs(flags.box);
if (flags.box !== undefined) {
  makeProjects(theirs(flags.box).folder);
  cpSync(await busyboxTar(), join(theirs(flags.box).folder, "busybox.tar"));
  await timed([flags.box, "sh", `docker import /tmp/hk-bench-${process.pid}/busybox.tar ${IMAGE}`]);
}
makeProjects(mine.folder);
try {
  console.log(`${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, medians of ${ROUNDS}\n\n| build | ours | BuildKit | ratio | to reach | ours, spread | BuildKit's, spread |\n| --- | --- | --- | --- | --- | --- | --- |`);
  for (const measure of MEASURES) {
    if (flags.only !== undefined && !measure.name.includes(flags.only)) continue;
    const [our = [], their = []] = await interleaved(measure, peer ? [mine, peer] : [mine]);
    const ratio = their.length > 0 ? `1/${(median(their) / median(our)).toFixed(1)}` : "";
    console.log(`| ${measure.name} | ${figure(median(our))} | ${their.length > 0 ? figure(median(their)) : ""} | ${ratio} | 1/${Math.round(1 / measure.goal)} | ${spread(our)} | ${spread(their)} |`);
  }
  console.log(`| memory of the engine, the most of all that | ${peakMB(engine.pid).toFixed(0)} MB | | | ${MEMORY_LIMIT_MB} MB | | |`);
} finally {
  if (peer && flags.box !== undefined) {
    const names = ["ten", "six", "first", "files", "large"].map((name) => `hakobench-${name}`).join(" ");
    await run([flags.box, "sh", `docker rmi -f ${names} ${IMAGE}; rm -rf /tmp/hk-bench-${process.pid}`], { timeoutMs: 120_000 });
  }
}
