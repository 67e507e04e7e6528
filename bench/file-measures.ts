/** Copying into and out of containers, and what comes of their changes. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IMAGE, LABEL, must, timed, type Side } from "./engines.ts";
import type { Measure } from "./measures.ts";

const BOX = "hb-files";
const SMALL_FILES = 10_000;
const FOLDERS = 100;

const cli = (side: Side, ...args: string[]): string[] => [...side.command, ...args];
const folder = join(tmpdir(), `hb-files-${process.pid}`);

async function box(side: Side, ...shell: string[]): Promise<void> {
  await must(cli(side, "run", "--label", LABEL, "-d", "--name", BOX, "--network", "none", IMAGE, "sleep", "100000"));
  if (shell.length > 0) await must(cli(side, "exec", BOX, "sh", "-c", shell.join("; ")));
}

async function release(side: Side): Promise<void> {
  await must(cli(side, "rm", "-f", BOX));
  rmSync(folder, { recursive: true, force: true });
}

/** 10,000 files of one to four kilobytes in a hundred folders. */
function smallFiles(): string {
  const root = join(folder, "small");
  for (let index = 0; index < FOLDERS; index++) mkdirSync(join(root, `d${index}`), { recursive: true });
  for (let index = 0; index < SMALL_FILES; index++) writeFileSync(join(root, `d${index % FOLDERS}`, `file-${index}`), Buffer.alloc(1024 + (index % 4) * 1024, index));
  return root;
}

function largeFile(megabytes: number): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "large");
  writeFileSync(path, Buffer.alloc(megabytes << 20, 7));
  return path;
}

let copies = 0;

/** Each copy goes to a place of its own: ext4 takes long to make files where it has just removed some, whoever asks. */
const copyIn = async (side: Side, source: string): Promise<number> => await timed(cli(side, "cp", source, `${BOX}:/copy-${copies++}`));
const copyOut = async (side: Side): Promise<number> => await timed(cli(side, "cp", `${BOX}:/copy`, join(folder, `received-${copies++}`)));

const prepared = (make: () => string) => async (side: Side): Promise<void> => {
  await box(side);
  await must(cli(side, "cp", make(), `${BOX}:/copy`));
};

const CHANGES = `mkdir /changes; cd /changes; for d in $(seq ${FOLDERS}); do mkdir $d; done; for i in $(seq ${SMALL_FILES - FOLDERS}); do : > $((i % ${FOLDERS} + 1))/f$i; done`;

async function exported(side: Side): Promise<number> {
  return await timed(cli(side, "export", "-o", join(folder, "exported.tar"), BOX));
}

/** The images go too, so that each commit makes its layer anew. */
async function committed(side: Side): Promise<number> {
  await must(cli(side, "exec", BOX, "sh", "-c", "date +%N > /stamp"));
  const elapsed = await timed(cli(side, "commit", BOX, "hb-committed"));
  await must(cli(side, "rmi", "hb-committed"));
  return elapsed;
}

export function fileMeasures(megabytes: number): Measure[] {
  const once = { unit: "ms", repetitions: 5, quickRepetitions: 2, release } as const;
  return [
    { ...once, name: "`cp` of 10,000 small files in", goal: 1 / 4, prepare: prepared(smallFiles), measure: (side) => copyIn(side, join(folder, "small")) },
    { ...once, name: "`cp` of 10,000 small files out", goal: 1 / 4, prepare: prepared(smallFiles), measure: copyOut },
    { ...once, name: `\`cp\` of ${megabytes} MB in`, goal: 1 / 2, prepare: prepared(() => largeFile(megabytes)), measure: (side) => copyIn(side, join(folder, "large")) },
    { ...once, name: `\`cp\` of ${megabytes} MB out`, goal: 1 / 2, prepare: prepared(() => largeFile(megabytes)), measure: copyOut },
    { ...once, name: "`diff` of 10,000 changes", goal: 1 / 3, repetitions: 10, prepare: (side) => box(side, CHANGES), measure: (side) => timed(cli(side, "diff", BOX)) },
    { ...once, name: "`commit` of 50 MB", goal: 1 / 3, repetitions: 10, prepare: (side) => box(side, "head -c 52428800 /dev/urandom > /data"), measure: committed },
    { ...once, name: "`export` of 10,000 small files", goal: 1 / 2, prepare: prepared(smallFiles), measure: exported },
    { ...once, name: `\`export\` of ${megabytes} MB`, goal: 1 / 2, prepare: prepared(() => largeFile(megabytes)), measure: exported },
  ];
}
