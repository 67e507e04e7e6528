import { mkdirSync, rmSync, writeFileSync, chownSync, chmodSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { EngineError } from "../../base/mod.ts";
import { MergedTree } from "../../layer-files/mod.ts";
import type { RunMount } from "../graph/op.ts";
import { digestOf } from "../graph/make-vertex.ts";
import { jobInput, stackID, type Evaluated } from "../solver/inputs.ts";
import type { JobContext } from "../solver/job.ts";
import type { LayerPort, StepMount } from "../solver/ports.ts";
import type { CacheMounts } from "./cache-mounts.ts";
import { listenForAgent } from "./ssh-socket.ts";
import type { Workers } from "./workers.ts";

export interface MountDeps {
  readonly layers: Pick<LayerPort, "folder" | "discard">;
  readonly workers: Workers;
  readonly cacheMounts: CacheMounts;
}

/** Where a step's own files lie. */
export interface StepPlaces {
  /** Gone with the step; what is secret lies here, and only until the step has started. */
  readonly shortLived: string;
  /** On the disk of the layers. */
  readonly scratch: string;
}

export interface PreparedMounts {
  readonly mounts: readonly StepMount[];
  readonly secretEnv: readonly string[];
  /** Every process that needs them has them: files of secrets are taken from the disk. */
  started(): void;
}

type Of<T extends RunMount["type"]> = Extract<RunMount, { type: T }>;

/** Makes what a step mounts; `held` gives it up again. @throws EngineError, in BuildKit's words */
export class MountPreparation {
  readonly #secretEnv: string[] = [];
  readonly #files: string[] = [];
  #next = 0;

  constructor(
    readonly deps: MountDeps,
    readonly inputs: readonly Evaluated[],
    readonly places: StepPlaces,
    readonly job: JobContext,
    readonly held: AsyncDisposableStack,
  ) {}

  async prepare(mounts: readonly RunMount[]): Promise<PreparedMounts> {
    const prepared: StepMount[] = [];
    // A mount below another comes after it.
    for (const mount of [...mounts].sort((one, other) => depth(one) - depth(other))) {
      const made = await this.#mount(mount);
      if (made) prepared.push(made);
    }
    return { mounts: prepared, secretEnv: this.#secretEnv, started: () => this.#files.splice(0).forEach((file) => rmSync(file, { force: true })) };
  }

  async #mount(mount: RunMount): Promise<StepMount | undefined> {
    switch (mount.type) {
      case "bind":
        return this.#bind(mount);
      case "cache":
        return await this.#cache(mount);
      case "tmpfs":
        return { type: "tmpfs", target: mount.target, size: mount.size };
      case "secret":
        return await this.#secret(mount);
      case "ssh":
        return await this.#ssh(mount);
      default:
        return mount satisfies never;
    }
  }

  #bind({ target, input, source, readWrite }: Of<"bind">): StepMount {
    const from = input === undefined ? undefined : this.inputs[input];
    const lowers = from ? jobInput(from, this.deps.layers).folders : [];
    if (lowers.length === 0) return { type: "tmpfs", target, size: undefined };
    const beneath = posix.normalize(`/${source}`).slice(1);
    requireThere(lowers, beneath);
    if (from?.kind === "folder" && !readWrite) return { type: "bind", target, source: from.folder.folder, beneath, readOnly: true };
    return { type: "layers", target, lowers, beneath, scratch: readWrite ? this.#scratch() : undefined };
  }

  /** What is written there is thrown away. */
  #scratch(): { readonly upper: string; readonly work: string } {
    const folder = join(this.places.scratch, `scratch-${this.#next++}`);
    const scratch = { upper: join(folder, "fs"), work: join(folder, "work") };
    for (const path of [scratch.upper, scratch.work]) mkdirSync(path, { recursive: true, mode: 0o755 });
    return scratch;
  }

  async #cache({ target, id, sharing, readOnly, input, source, mode, uid, gid }: Of<"cache">): Promise<StepMount> {
    const from = input === undefined ? undefined : this.inputs[input];
    const inside = posix.normalize(`/${source}`);
    const key = digestOf(["cache-mount", id, from && [stackID(from), inside], mode, uid, gid]);
    const fill = from && ((folder: string): Promise<void> => this.#fill(from, inside, folder, { mode, uid, gid }));
    const mount = await this.deps.cacheMounts.hold({ key, description: `cached mount ${target} with id ${JSON.stringify(id)}`, sharing, mode, uid, gid, fill }, this.job.signal);
    this.held.use(mount);
    return { type: "bind", target, source: mount.folder, beneath: from ? "" : inside.slice(1), readOnly };
  }

  async #fill(from: Evaluated, path: string, to: string, owner: { readonly mode: number; readonly uid: number; readonly gid: number }): Promise<void> {
    await this.deps.workers.run({ kind: "copyTree", input: jobInput(from, this.deps.layers), path: Buffer.from(path, "utf8").toString("latin1"), to, ...owner }, this.job.signal);
  }

  async #secret({ id, target, env, required, mode, uid, gid }: Of<"secret">): Promise<StepMount | undefined> {
    const bytes = await this.job.client().secret(id);
    if (bytes === undefined) {
      if (required) throw new EngineError("InvalidParameter", `secret ${id}: not found`);
      return undefined;
    }
    if (env !== undefined) this.#secretEnv.push(`${env}=${Buffer.from(bytes).toString("utf8")}`);
    if (target === undefined) return undefined;
    const file = this.#place("secret");
    writeFileSync(file, bytes, { mode: 0o600, flag: "wx" });
    chownSync(file, uid, gid);
    chmodSync(file, mode & 0o7777);
    this.#files.push(file);
    return { type: "bind", target, source: file, beneath: "", readOnly: true };
  }

  async #ssh({ id, target, required, mode, uid, gid }: Of<"ssh">): Promise<StepMount | undefined> {
    const probe = await this.job.client().ssh(id);
    probe?.end();
    if (!probe) {
      if (required) throw new EngineError("InvalidParameter", `unset ssh forward key ${id}`);
      return undefined;
    }
    const path = this.#place("ssh");
    this.held.use(listenForAgent(path, { mode, uid, gid }, () => this.job.client().ssh(id)));
    return { type: "bind", target, source: path, beneath: "", readOnly: false };
  }

  #place(name: string): string {
    const path = join(this.places.shortLived, `${name}-${this.#next++}`);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return path;
  }
}

/** @throws EngineError NotFound */
function requireThere(folders: readonly string[], path: string): void {
  if (path === "") return;
  using tree = new MergedTree(folders);
  const { stat } = tree.resolve(Buffer.from(path, "utf8").toString("latin1"), true);
  tree.forget();
  if (!stat) throw new EngineError("NotFound", `${JSON.stringify(`/${path}`)}: not found`);
}

function depth(mount: RunMount): number {
  return mount.target === undefined ? 0 : posix.normalize(mount.target).split("/").length;
}
