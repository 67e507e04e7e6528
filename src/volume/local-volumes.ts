import { chmodSync, chownSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { mkdir, rm, stat } from "node:fs/promises";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { EngineError, KeyedLock, messageOf } from "../base/mod.ts";
import { detachMount, errnoMessage, hasCode, limitProject, MOUNT_FLAG, mountsIn, projectOf, setProject, takesProjectQuota, type FileSystemMount } from "../linux/mod.ts";
import type { VolumeDriver, VolumePlace, VolumeRef } from "./driver.ts";
import { parseLocalOptions, type LocalOptions } from "./local-options.ts";
import { bindWords, readMountWords, tellMount } from "./mount-words.ts";
import { mountErrno, type MountWork } from "./mount-main.ts";

type Device = NonNullable<LocalOptions["device"]>;

export interface LocalParts {
  /** Where volumes are folders: `<dir>/<name>/_data`. */
  readonly dir: string;
  /** Where file systems are mounted: `<mounts>/<name>`. */
  readonly mounts: string;
  /** Mounts or unmounts in a process of its own, for that may take long. @returns 0 or the kernel's error number */
  work(work: MountWork): Promise<number>;
  /** An address of a host. */
  resolve?(host: string): Promise<string>;
  log(sentence: string): void;
}

/** The project numbers of our volumes begin here, far from those that others give. */
const FIRST_PROJECT = 0x6861_0000;
/** No volume has a name that begins like this. */
const HIDDEN = ".gone-";
/** Mounted at once, in this process. */
const MEMORY = "tmpfs";

/**
 * Docker's driver `local`: folders of the engine's own, folders of the host (`o=bind`), and file systems (tmpfs, nfs, a disk). A file
 * system is mounted when its first user comes and goes with its last. It lies where no removal of a volume ever looks, and what a crash
 * has left of it is found in the kernel's own list.
 */
export class LocalVolumes implements VolumeDriver {
  readonly name = "local";
  readonly #parts: LocalParts;
  readonly #users = new Map<string, Set<string>>();
  readonly #locks = new KeyedLock();
  #lastProject: number | undefined;

  constructor(parts: LocalParts) {
    this.#parts = parts;
  }

  /** @throws EngineError InvalidParameter, in Docker's words */
  check({ options }: VolumeRef): void {
    const { limitBytes } = parseLocalOptions(options);
    if (limitBytes > 0 && !takesProjectQuota(this.#parts.dir)) throw new EngineError("InvalidParameter", "quota size requested but no quota support");
  }

  async create(volume: VolumeRef): Promise<void> {
    this.check(volume);
    const { limitBytes, uid, gid, mode } = parseLocalOptions(volume.options);
    const data = this.folder(volume.name);
    await mkdir(data, { recursive: true });
    if (limitBytes > 0) this.#limit(data, limitBytes);
    if (uid !== undefined || gid !== undefined) chownSync(data, uid ?? 0, gid ?? 0);
    if (mode !== undefined) chmodSync(data, mode);
  }

  folder(name: string): string {
    return join(this.#parts.dir, name, "_data");
  }

  /** Where the files are while somebody uses it. */
  placeOf({ name, options }: VolumeRef): string {
    const device = deviceOf(options);
    if (!device) return this.folder(name);
    return isBind(device) ? device.source : join(this.#parts.mounts, name);
  }

  async mount(volume: VolumeRef, use: string): Promise<VolumePlace> {
    const device = deviceOf(volume.options);
    if (!device) return { path: this.folder(volume.name), options: [] };
    if (isBind(device)) return await this.#bound(volume, device);
    using _hold = await this.#locks.acquire(volume.name);
    const path = this.placeOf(volume);
    if (!this.#users.has(volume.name)) await this.#mountDevice(volume.name, device, path);
    this.#use(volume.name, use);
    return { path, options: [] };
  }

  async unmount({ name, options }: VolumeRef, use: string): Promise<void> {
    using _hold = await this.#locks.acquire(name);
    const users = this.#users.get(name);
    if (!users?.delete(use) || users.size > 0) return;
    this.#users.delete(name);
    await this.#unmountDevice(name, deviceOf(options)?.type === MEMORY);
  }

  /** The first half of a removal: its files are no volume's any more, whatever happens next. Nobody uses it. */
  hide(name: string): void {
    const hidden = this.#hidden(name);
    // What an earlier removal left would be in the way.
    rmSync(hidden, { recursive: true, force: true });
    try {
      renameSync(join(this.#parts.dir, name), hidden);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
    }
  }

  async remove({ name }: VolumeRef): Promise<void> {
    const hidden = this.#hidden(name);
    const project = projectOrNone(join(hidden, "_data"));
    await rm(hidden, { recursive: true, force: true });
    if (project >= FIRST_PROJECT) limitProject(this.#parts.dir, project, 0);
  }

  /** After a crash: volumes whose removal was begun. */
  hiddenNames(): string[] {
    return readdirSync(this.#parts.dir).filter((name) => name.startsWith(HIDDEN)).map((name) => name.slice(HIDDEN.length));
  }

  #hidden(name: string): string {
    return join(this.#parts.dir, `${HIDDEN}${name}`);
  }

  /** After a crash: a use that goes on. */
  adopt({ name, options }: VolumeRef, use: string): void {
    const device = deviceOf(options);
    if (device && !isBind(device)) this.#use(name, use);
  }

  /** Unmounts what nobody uses; a crash has left it. */
  async sweep(): Promise<void> {
    for (const path of mountsIn(this.#parts.mounts)) {
      const name = path.slice(this.#parts.mounts.length + 1);
      if (!this.#users.has(name)) await this.#unmountDevice(name);
    }
  }

  #use(name: string, use: string): void {
    const users = this.#users.get(name);
    if (users) users.add(use);
    else this.#users.set(name, new Set([use]));
  }

  async #bound({ name }: VolumeRef, { source, words }: Device): Promise<VolumePlace> {
    const told = (reason: string): EngineError => this.#failed(name, tellMount({ source, target: this.folder(name), ...readMountWords(words) }, reason));
    try {
      if (!(await stat(source)).isDirectory()) throw told("not a directory");
    } catch (error) {
      throw error instanceof EngineError ? error : told(hasCode(error, "ENOENT") ? "no such file or directory" : messageOf(error));
    }
    return { path: source, options: bindWords(words) };
  }

  async #mountDevice(name: string, device: Device, target: string): Promise<void> {
    const { source, words } = await this.#resolved(name, device);
    const asked: FileSystemMount = { source, target, type: device.type, ...readMountWords(words) };
    mkdirSync(target, { recursive: true, mode: 0o711 });
    // What a crash has left and no sweep could take away would be covered.
    while (mountsIn(this.#parts.mounts).includes(target)) detachMount(target);
    const work: MountWork = { kind: "mount", mount: asked };
    const errno = device.type === MEMORY ? mountErrno(work) : await this.#parts.work(work);
    if (errno === 0) return;
    rmdirSync(target);
    throw this.#failed(name, `failed to mount local volume: ${tellMount({ ...asked, target: this.folder(name) }, errnoMessage(errno))}`);
  }

  async #unmountDevice(name: string, isMemory = false): Promise<void> {
    const work: MountWork = { kind: "unmount", target: join(this.#parts.mounts, name) };
    const { target } = work;
    const errno = isMemory ? mountErrno(work) : await this.#parts.work(work);
    if (errno !== 0) return this.#parts.log(`volume ${name}: ${target} could not be unmounted: ${errnoMessage(errno)}, ignoring; the next start of the engine tries again`);
    rmdirSync(target);
  }

  /** `addr=` of a network file system is a name for us and a number for the kernel; a share of cifs has its host in its own. */
  async #resolved(name: string, { type, source, words }: Device): Promise<Pick<Device, "source" | "words">> {
    if (type !== "nfs" && type !== "cifs") return { source, words };
    const address = words.find((word) => word.startsWith("addr="))?.slice("addr=".length) ?? "";
    if (address !== "") return { source, words: isIP(address) === 4 ? words : await this.#withAddress(name, words, address) };
    const [, host = "", share = ""] = type === "cifs" ? (/^\/\/([^/]+)(\/.*)?$/.exec(source) ?? []) : [];
    return host === "" || isIP(host) !== 0 ? { source, words } : { source: `//${await this.#address(name, host)}${share}`, words };
  }

  async #withAddress(name: string, words: readonly string[], address: string): Promise<string[]> {
    const found = await this.#address(name, address);
    return words.map((word) => (word === `addr=${address}` ? `addr=${found}` : word));
  }

  async #address(name: string, host: string): Promise<string> {
    const resolve = this.#parts.resolve ?? (async (asked) => (await lookup(asked)).address);
    try {
      return await resolve(host);
    } catch {
      throw this.#failed(name, `error resolving passed in network volume address: lookup ${host}: no such host`);
    }
  }

  #failed(name: string, reason: string): EngineError {
    const why = reason.startsWith("mount ") ? `failed to mount local volume: ${reason}` : reason;
    return new EngineError("System", `error while mounting volume '${this.folder(name)}': ${why}`);
  }

  #limit(data: string, limitBytes: number): void {
    // A second creation of the same volume gives it no second project.
    const project = projectOf(data) >= FIRST_PROJECT ? projectOf(data) : this.#nextProject();
    setProject(data, project);
    limitProject(this.#parts.dir, project, limitBytes);
  }

  #nextProject(): number {
    this.#lastProject ??= Math.max(FIRST_PROJECT - 1, ...readdirSync(this.#parts.dir).map((name) => projectOrNone(this.folder(name))));
    return ++this.#lastProject;
  }
}

const isBind = ({ words }: Device): boolean => (readMountWords(words).flags & MOUNT_FLAG.BIND) !== 0;

function deviceOf(options: VolumeRef["options"]): Device | undefined {
  return Object.keys(options).length === 0 ? undefined : parseLocalOptions(options).device;
}

function projectOrNone(folder: string): number {
  try {
    return projectOf(folder);
  } catch {
    // No folder, or one that goes just now: of no project, ignoring.
    return 0;
  }
}
