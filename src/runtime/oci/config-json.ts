import { statSync } from "node:fs";
import type { ProcessSpec, RuntimeMount, RuntimeSpec } from "../../spec/mod.ts";

/** What differs for a runtime of somebody else: it finds the root mounted, and what is not a plain mount prepared. */
export interface BundlePlaces {
  /** Where the root is mounted, in the mount namespace that the runtime is started in. */
  readonly root: string;
  /** A network namespace of the container's own, if it has one. */
  readonly network: string | undefined;
  /** Relative to each hierarchy's root. */
  readonly cgroupsPath: string | undefined;
  /** Where a mount that only we can look up has been put. */
  staged(mount: RuntimeMount): string | undefined;
}

/** A bundle's config.json (runtime-spec config.md). */
export function configJson(spec: RuntimeSpec, places: BundlePlaces): string {
  const { linux } = spec;
  return toJson({
    ociVersion: "1.0.2",
    ...(spec.hostname && { hostname: spec.hostname }),
    // Before 1.1 of the specification there was no such field, and runtimes go on without it.
    ...(spec.domainname && { domainname: spec.domainname }),
    process: spec.process,
    root: { path: places.root, readonly: spec.root.readonly },
    mounts: spec.mounts.map((mount) => mountShape(mount, places)),
    linux: {
      ...linux,
      namespaces: linux.namespaces.map(({ type, path }) => (type === "network" && !path && places.network ? { type, path: places.network } : { type, ...(path && { path }) })),
      cgroupsPath: places.cgroupsPath,
    },
    annotations: spec.annotations ?? {},
  });
}

/** What `exec --process` takes. */
export function processJson(process: ProcessSpec): string {
  return toJson(process);
}

function mountShape(mount: RuntimeMount, places: BundlePlaces): Record<string, unknown> {
  const { destination, type, options, uidMappings, gidMappings } = mount;
  const source = places.staged(mount) ?? mount.source;
  return { ...(uidMappings && { uidMappings, gidMappings }), destination, type, source, options: options.includes("rro") && isFile(mount.source) ? options.map((word) => (word === "rro" ? "ro" : word)) : options };
}

/** Nothing lies below a file; crun 1.8 takes `rro` for a sign that its source is a folder. */
function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === false;
}

/** Numbers of 64 bits are written digit by digit. */
function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, entry: unknown) => (typeof entry === "bigint" ? rawNumber(entry) : entry));
}

function rawNumber(value: bigint): unknown {
  const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
  return rawJSON(BigInt.asUintN(64, value).toString());
}
