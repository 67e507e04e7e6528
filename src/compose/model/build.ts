import { labels, flag, fileMode, hosts, integer, size, keptText, text, variables } from "./scalars.ts";
import { list, record, struct, type Field, type TypeOf } from "./field.ts";
import { isMapping, isNull, textOf } from "../tree/node.ts";
import type { Out } from "../output/out.ts";

/** A secret or config given to a service, or a secret given to a build. */
export const FILE_MOUNT = struct({ source: text, target: text, uid: text, gid: text, mode: fileMode });
export type FileMount = TypeOf<typeof FILE_MOUNT>;

/** One number for both limits, or the two of them. */
export interface Ulimit {
  readonly single?: number;
  readonly soft?: number;
  readonly hard?: number;
}

const limitsOf = struct({ soft: integer, hard: integer });

export const ULIMIT: Field<Ulimit> = {
  decode: (node, path) => {
    if (isMapping(node)) return limitsOf.decode(node, path);
    const single = integer.decode(node, path);
    return single === undefined ? {} : { single };
  },
  write: ({ single, soft, hard }, format): Out => {
    if (single !== undefined) return single;
    return format === "json" ? limitsOf.write({ ...(soft !== undefined && { soft }), ...(hard !== undefined && { hard }) }, format) : { sorted: false, entries: [["soft", soft ?? 0], ["hard", hard ?? 0]] };
  },
};

/** Agents and keys by id; an id alone stands for the agent of the environment. */
const SSH: Field<Readonly<Record<string, string>>> = {
  decode: (node) => (isMapping(node) && node.entries.size > 0 ? Object.fromEntries([...node.entries].map(([id, path]) => [id, isNull(path) ? "" : textOf(path)])) : undefined),
  write: (keys) => Object.entries(keys).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([id, path]) => (path === "" ? id : `${id}: ${path}`)),
};

export const ULIMITS = record(ULIMIT);

export const BUILD = struct({
  context: text,
  dockerfile: text,
  dockerfile_inline: text,
  entitlements: list(keptText),
  args: variables,
  provenance: text,
  sbom: text,
  ssh: SSH,
  labels,
  cache_from: list(keptText),
  cache_to: list(keptText),
  no_cache: flag,
  additional_contexts: labels,
  pull: flag,
  extra_hosts: hosts,
  isolation: text,
  network: text,
  target: text,
  secrets: list(FILE_MOUNT),
  shm_size: size,
  tags: list(keptText),
  ulimits: ULIMITS,
  platforms: list(keptText),
  privileged: flag,
});
export type Build = TypeOf<typeof BUILD>;
