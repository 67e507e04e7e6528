import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "../../base/mod.ts";
import { IGNORE_FILE, ignoredOf } from "../../build/mod.ts";
import { StackedTree } from "../../snapshot/mod.ts";
import type { EngineContext } from "../context.ts";
import { buildUploadsDir } from "../paths.ts";
import type { BuildClient, UploadedArchive } from "../ports.ts";

const MAX_IGNORE_BYTES = 1024 * 1024;

/** A context that came as an archive, in a folder of its own until the build is over. */
export class UploadedContext implements BuildClient, AsyncDisposable {
  readonly #ctx: EngineContext;
  readonly #folder: string;
  readonly #files: StackedTree;

  private constructor(ctx: EngineContext, folder: string) {
    this.#ctx = ctx;
    this.#folder = folder;
    this.#files = new StackedTree([folder]);
  }

  /** Unpacked by a helper that sees nothing else. @throws EngineError InvalidParameter for what is no archive */
  static async unpack(ctx: EngineContext, archive: UploadedArchive | undefined, signal: AbortSignal): Promise<UploadedContext> {
    ctx.space.requireWritable();
    const folder = join(buildUploadsDir(ctx.paths), crypto.randomUUID());
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    const context = new UploadedContext(ctx, folder);
    try {
      if (archive) await ctx.trees.unpack({ kind: "mounted", root: { kind: "bind", source: folder }, binds: [] }, { path: "/", keepKinds: false, owner: { uid: 0, gid: 0 }, mounts: [], rootReadOnly: false }, archive, signal);
      return context;
    } catch (error) {
      await context[Symbol.asyncDispose]();
      throw error;
    }
  }

  async folder(): Promise<{ readonly folder: string; [Symbol.asyncDispose](): Promise<void> }> {
    return { folder: this.#folder, [Symbol.asyncDispose]: async () => undefined };
  }

  async file(_name: string, path: string, maxBytes: number): Promise<Uint8Array | undefined> {
    return this.#files.readFile(`/${path}`, maxBytes);
  }

  /** Takes out what the classic builder does once it has read them: its own two files, where .dockerignore has them. */
  removeIgnored(dockerfile: string): void {
    const patterns = this.#files.readFile(`/${IGNORE_FILE}`, MAX_IGNORE_BYTES);
    for (const path of patterns ? ignoredOf(patterns, [IGNORE_FILE, dockerfile]) : []) this.#files.removeFile(`/${path}`);
  }

  async secret(): Promise<undefined> {
    return undefined;
  }

  async ssh(): Promise<undefined> {
    return undefined;
  }

  output(): never {
    throw new EngineError("InvalidParameter", "this form of the API has nowhere to send files to: build an image");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ctx.snapshots.discard(this.#folder);
  }
}
