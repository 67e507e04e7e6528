import type { Database } from "bun:sqlite";
/** A store of its own in a temporary folder. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { openDatabase } from "../../src/base/mod.ts";
import { helperExtractor, inProcessExtractor, openFolder, TreePacker, type Extractor } from "../../src/archive/mod.ts";
import { ContentStore } from "../../src/content/mod.ts";
import { closeFd } from "../../src/linux/mod.ts";
import { imageSchema, transferSchema, openImages, type Images } from "../../src/image/mod.ts";
import { snapshotSchema, Snapshots } from "../../src/snapshot/mod.ts";
import { scratchFolder } from "../scratch.ts";

export interface Fixture extends AsyncDisposable {
  readonly dir: string;
  readonly content: ContentStore;
  readonly snapshots: Snapshots;
  readonly images: Images;
  /** Closes everything and opens the same folder again, as after a crash. */
  readonly db: Database;
  reopen(): Promise<Fixture>;
}

export async function imageFixture(options: { dir?: string; extractor?: Extractor } = {}): Promise<Fixture> {
  const dir = options.dir ?? scratchFolder();
  const db = openDatabase(join(dir, "hako.db"), [snapshotSchema, imageSchema, transferSchema]);
  const content = new ContentStore(join(dir, "content"));
  const snapshots = new Snapshots({ db, dir });
  const images = await openImages({ db, content, snapshots, extractor: options.extractor ?? inProcessExtractor(), parallel: 2, syncDisk: async () => {}, packLayer: (folder, _signal, shape) => packed(folder, shape?.folderTimes ?? true) });
  return {
    dir, content, snapshots, images,
    db,
    async reopen() {
      await images.settled();
      db.close();
      return await imageFixture({ ...options, dir });
    },
    async [Symbol.asyncDispose]() {
      await images.settled();
      await snapshots.trashEmptied();
      db.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function* packed(folder: string, folderTimes: boolean): AsyncGenerator<Uint8Array, void, void> {
  using packer = new TreePacker({ format: "layer", folderTimes });
  const fd = openFolder(folder);
  try {
    for (const piece of packer.content(fd)) yield Buffer.from(piece);
    for (const piece of packer.finish()) yield Buffer.from(piece);
  } finally {
    closeFd(fd);
  }
}

/** Each archive in a process of its own, chrooted, as in the engine but without its namespaces. */
export function processExtractor(): Extractor {
  const run: Parameters<typeof helperExtractor>[0] = async ({ argv, stdinFd }) => {
    const child = Bun.spawn([process.execPath, join(import.meta.dir, "extract-process.ts"), ...argv], { stdin: stdinFd, stdout: "pipe", stderr: "inherit" });
    const stdout = await new Response(child.stdout).text();
    return { exitCode: await child.exited, stdout };
  };
  const { unpackGrowing } = inProcessExtractor();
  return { ...helperExtractor(run, () => Promise.reject(new Error("no descriptor goes over a pipe"))), unpackGrowing };
}

export async function* bytesOf(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array, void, void> {
  yield* chunks;
}
