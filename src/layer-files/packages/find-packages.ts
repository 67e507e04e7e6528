import { S } from "../../linux/mod.ts";
import { isFolder, joined, kindOf, type MergedFolder } from "../merged-folder.ts";
import type { MergedTree } from "../merged-tree.ts";
import type { FoundPackage, FoundPackages } from "./found-package.ts";
import { rpmPackages } from "./rpm-database.ts";
import { DamagedDatabase } from "./sqlite-table.ts";
import { apkPackages, debPackages, lockedPackages, nodePackages, pythonPackages } from "./records.ts";

const MAX_DATABASE_BYTES = 128 * 1024 * 1024;
const MAX_RECORD_BYTES = 16 * 1024 * 1024;
const MAX_PACKAGES = 20_000;
const MAX_DEPTH = 64;

const APK_DATABASES = ["lib/apk/db/installed", "usr/lib/apk/db/installed"];
const RPM_FOLDERS = ["usr/lib/sysimage/rpm", "var/lib/rpm"];
/** Of other forms of rpm's database: what was before, and SUSE's. */
const OTHER_RPM: readonly (readonly [file: string, form: string])[] = [["Packages", "Berkeley DB"], ["Packages.db", "ndb"]];

/** What the records in a file system say is installed: of dpkg, apk, rpm, npm and Python. No program of it is run. */
export function findPackages(tree: MergedTree, check: () => void): FoundPackages {
  const finds = new Finds(tree);
  finds.read("var/lib/dpkg/status", debPackages, MAX_DATABASE_BYTES);
  for (const name of namesIn(tree, "var/lib/dpkg/status.d")) if (!name.endsWith(".md5sums")) finds.read(`var/lib/dpkg/status.d/${name}`, debPackages);
  for (const path of APK_DATABASES) finds.read(path, apkPackages, MAX_DATABASE_BYTES);
  walk(tree.root, 0, finds, check);
  const notes = [...readRpm(tree, finds), ...(finds.isFull ? [`more than ${MAX_PACKAGES} packages: the others are left out`] : [])];
  return { packages: finds.sorted(), distribution: distributionOf(tree), notes };
}

/** @returns what is left out, and why */
function readRpm(tree: MergedTree, finds: Finds): string[] {
  const isThere = (path: string): boolean => tree.resolve(path, true).stat !== undefined;
  const notes: string[] = [];
  for (const folder of RPM_FOLDERS) {
    const path = `${folder}/rpmdb.sqlite`;
    const leftOut = (database: string, why: string): void => void notes.push(`rpm's database (/${database}) is not read: ${why}: its packages are left out`);
    try {
      if (finds.readBytes(path, rpmPackages, MAX_DATABASE_BYTES)) return hasLog(tree, path) ? [`rpm's database (/${path}) was not closed: packages of its last changes are left out`] : [];
      if (isThere(path)) leftOut(path, "it is no file, or too large");
    } catch (error) {
      if (!(error instanceof DamagedDatabase)) throw error;
      leftOut(path, error.message);
    }
    for (const [name, form] of OTHER_RPM) if (isThere(`${folder}/${name}`)) leftOut(`${folder}/${name}`, `its form is ${form}'s`);
  }
  return notes.slice(0, 1);
}

/** What a program that was killed had not brought into the database yet. */
const hasLog = (tree: MergedTree, path: string): boolean => (tree.resolve(`${path}-wal`, true).stat?.size ?? 0) > 0;

class Finds {
  readonly #found = new Map<string, FoundPackage>();

  constructor(readonly tree: MergedTree) {}

  get isFull(): boolean {
    return this.#found.size >= MAX_PACKAGES;
  }

  /** What is not there, or too large, has no packages. `path` one character per byte. */
  read(path: string, parse: (text: string, foundIn: string) => readonly FoundPackage[], maxBytes = MAX_RECORD_BYTES): void {
    this.readBytes(path, (bytes, foundIn) => parse(Buffer.from(bytes).toString("utf8"), foundIn), maxBytes);
  }

  /** @returns whether it could be read */
  readBytes(path: string, parse: (bytes: Uint8Array, foundIn: string) => readonly FoundPackage[], maxBytes: number): boolean {
    const bytes = this.tree.readFile(path, maxBytes);
    if (!bytes) return false;
    for (const each of parse(bytes, `/${Buffer.from(path, "latin1").toString("utf8")}`)) {
      if (this.isFull) break;
      const key = JSON.stringify([each.type, each.name, each.version, each.architecture]);
      if (!this.#found.has(key)) this.#found.set(key, each);
    }
    return true;
  }

  sorted(): FoundPackage[] {
    return [...this.#found].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, each]) => each);
  }
}

/** Modules and distributions lie anywhere. */
function walk(folder: MergedFolder, depth: number, finds: Finds, check: () => void): void {
  check();
  const inModules = /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+$/.test(folder.path);
  const isDistribution = /\.dist-info$/.test(folder.path);
  for (const entry of folder.entries()) {
    const path = joined(folder.path, entry.name);
    if (kindOf(entry.stat) === S.IFREG) {
      if (inModules && entry.name === "package.json") finds.read(path, nodePackages);
      else if (isDistribution && entry.name === "METADATA") finds.read(path, pythonPackages);
      else if (entry.name === "package-lock.json" && !path.includes("node_modules/")) finds.read(path, lockedPackages);
    } else if (isFolder(entry.stat) && depth < MAX_DEPTH && !finds.isFull) {
      using inside = folder.enter(entry.name);
      if (inside) walk(inside, depth + 1, finds, check);
    }
  }
}

function namesIn(tree: MergedTree, path: string): string[] {
  return tree.folder(path)?.entries().map(({ name }) => name) ?? [];
}

function distributionOf(tree: MergedTree): FoundPackages["distribution"] {
  const bytes = tree.readFile("etc/os-release", MAX_RECORD_BYTES) ?? tree.readFile("usr/lib/os-release", MAX_RECORD_BYTES);
  const text = bytes ? Buffer.from(bytes).toString("utf8") : "";
  const field = (name: string): string => new RegExp(`^${name}=["']?([A-Za-z0-9._-]{1,64})["']?$`, "m").exec(text)?.[1] ?? "";
  return { id: field("ID"), version: field("VERSION_ID") };
}
