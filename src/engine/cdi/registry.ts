import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../base/mod.ts";
import { parseDeviceSpec, type ContainerEdits, type DeviceSpec } from "./spec.ts";

const MAX_FILE_BYTES = 4 * 1024 * 1024;

/**
 * The devices of the specifications in these folders, the later folder's before the earlier's; a name that two files of one folder
 * have is nobody's (CDI SPEC.md, "CDI JSON Specification", and Docker's order of folders). Read anew each time: a few small files, and only for containers
 * that ask for such a device.
 */
export class DeviceRegistry {
  readonly #devices = new Map<string, { readonly folder: number; readonly edits: ContainerEdits; readonly spec: DeviceSpec } | undefined>();
  /** Files that could not be used, with the reason. */
  readonly problems: string[] = [];

  constructor(folders: readonly string[]) {
    folders.forEach((folder, index) => {
      for (const file of filesIn(folder)) this.#read(file, index);
    });
  }

  /** Of a device, and of all devices of its file, by `vendor.com/class=name`. */
  find(name: string): { readonly device: ContainerEdits; readonly spec: DeviceSpec } | undefined {
    const found = this.#devices.get(name);
    return found && { device: found.edits, spec: found.spec };
  }

  #read(path: string, folder: number): void {
    try {
      const spec = parseDeviceSpec(parseFile(path));
      for (const [device, edits] of spec.devices) {
        const name = `${spec.kind}=${device}`;
        const before = this.#devices.get(name);
        this.#devices.set(name, this.#devices.has(name) && before?.folder === folder ? undefined : { folder, edits, spec });
      }
    } catch (error) {
      this.problems.push(`${path}: ${messageOf(error)}`);
    }
  }
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /\.(json|ya?ml)$/.test(name)).sort().map((name) => join(folder, name));
  } catch {
    return []; // no such folder: no devices
  }
}

function parseFile(path: string): unknown {
  const stat = lstatSync(path);
  if (!stat.isFile() || stat.size > MAX_FILE_BYTES) throw new Error("it is not a regular file of at most 4 MiB");
  const text = readFileSync(path, "utf8");
  return path.endsWith(".json") ? JSON.parse(text) : Bun.YAML.parse(text);
}
