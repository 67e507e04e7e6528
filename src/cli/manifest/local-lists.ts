import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalName, parseReference, withDefaultTag, type Descriptor, type Reference } from "../../spec/mod.ts";
import { Failure } from "../failure.ts";

/** One image of a list, as docker keeps it: a file of JSON per image in a folder per list. */
export interface ListedManifest {
  /** Canonical. */
  readonly Ref: string;
  readonly Descriptor: Descriptor;
  /** The manifest's bytes, base64. */
  readonly Raw?: string;
  readonly SchemaV2Manifest?: unknown;
  readonly OCIManifest?: unknown;
}

export const noSuchManifest = (name: string): Failure => new Failure(`No such manifest: ${name}`);

/** @throws Failure, in docker's words */
export function manifestReference(name: string): Reference {
  const reference = parsed(name);
  return reference.digest === undefined ? withDefaultTag(reference) : reference;
}

function parsed(name: string): Reference {
  try {
    return parseReference(name);
  } catch (error) {
    throw new Failure(error instanceof Error ? error.message : String(error));
  }
}

const fileName = (name: string): string => name.replaceAll(":", "-").replaceAll("/", "_");

/** Lists that are being made, in the folder of docker's configuration (`manifests/<list>/<image>`), where docker finds them too. */
export class LocalLists {
  readonly #folder: string;

  constructor(configFolder: string) {
    this.#folder = join(configFolder, "manifests");
  }

  has(list: Reference): boolean {
    return existsSync(this.#path(list));
  }

  /** @throws Failure when there is no such list */
  all(list: Reference): ListedManifest[] {
    if (!this.has(list)) throw noSuchManifest(canonicalName(list));
    return readdirSync(this.#path(list)).sort().map((name) => readListed(join(this.#path(list), name)));
  }

  get(list: Reference, image: Reference): ListedManifest | undefined {
    const path = join(this.#path(list), fileName(canonicalName(image)));
    return existsSync(path) ? readListed(path) : undefined;
  }

  put(list: Reference, image: Reference, manifest: ListedManifest): void {
    mkdirSync(this.#path(list), { recursive: true, mode: 0o755 });
    writeFileSync(join(this.#path(list), fileName(canonicalName(image))), JSON.stringify(manifest), { mode: 0o644 });
  }

  remove(list: Reference): void {
    rmSync(this.#path(list), { recursive: true, force: true });
  }

  #path(list: Reference): string {
    return join(this.#folder, fileName(canonicalName(list)));
  }
}

function readListed(path: string): ListedManifest {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Failure(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof value !== "object" || value === null || !("Ref" in value) || !("Descriptor" in value)) throw new Failure(`${path} is no image of a manifest list: remove it with the list`);
  return value as ListedManifest;
}
