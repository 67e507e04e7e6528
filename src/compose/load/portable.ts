import { dirname, resolve } from "node:path";
import type { Environment } from "../environment/read.ts";
import { ComposeError } from "../errors.ts";
import { interpolate } from "../interpolation/interpolate.ts";
import { entryOf, isMapping, isSequence, stringOf, type Node } from "../tree/node.ts";
import { readYaml } from "../yaml/read.ts";
import { readSource } from "./files.ts";
import { isRemote } from "./remote.ts";

/** A file that another one needs beside it. */
export interface NeededFile {
  readonly kind: "extends" | "envFile";
  /** Absolute. */
  readonly path: string;
}

export interface PortableFile {
  readonly text: string;
  readonly needs: readonly NeededFile[];
}

export interface PortableOptions {
  readonly environment: Environment;
  /** What its paths start from. */
  readonly folder?: string;
  /** The name that a file has beside it. */
  readonly nameOf: (needed: NeededFile) => string;
}

interface Reference extends NeededFile {
  readonly node: Node;
}

/** The text of a Compose file in which every env file and every file that it extends has another name; all else stays as it is written. @throws ComposeError */
export function portableFile(file: string, { environment, folder = dirname(file), nameOf }: PortableOptions): PortableFile {
  const source = readSource(file);
  const lookup = { get: (name: string) => environment.get(name), unset: () => undefined };
  const references = readYaml(source).flatMap((document) => referencesIn(interpolate(document, { lookup, warn: () => undefined }), folder));
  const fromBehind = references.toSorted((a, b) => (b.node.at?.offset ?? 0) - (a.node.at?.offset ?? 0));
  const text = fromBehind.reduce((before, reference) => withName(before, reference.node, nameOf(reference)), source.text);
  return { text, needs: references.map(({ kind, path }) => ({ kind, path })) };
}

function referencesIn(document: Node, folder: string): Reference[] {
  const services = entryOf(document, "services");
  return (isMapping(services) ? [...services.entries.values()] : []).flatMap((service) => {
    const listed = entryOf(service, "env_file");
    const envFiles = isSequence(listed) ? listed.items.map((item) => entryOf(item, "path") ?? item) : [listed];
    return [...envFiles.map((node) => ["envFile", node] as const), ["extends", entryOf(entryOf(service, "extends"), "file")] as const].flatMap(([kind, node]) => {
      const path = stringOf(node);
      return node === undefined || path === undefined || (kind === "extends" && isRemote(path)) ? [] : [{ kind, node, path: resolve(folder, path) }];
    });
  });
}

/** A value of a mapping is placed where its key is. */
const BEFORE = /^(?:(["']?)(?:env_file|file|path)\1\s*:\s*)?(?:[&!]\S+\s+)*/;
const QUOTED = /^(?:'(?:[^']|'')*'|"(?:[^"\\]|\\.)*")/s;
const PLAIN = /^(?![*|>[{])(?:[^\s#,[\]{}]|(?<=\S)#|[ \t]+(?=[^\s#,[\]{}]))+/;

function withName(text: string, { at }: Node, name: string): string {
  const start = (at?.offset ?? 0) + (BEFORE.exec(text.slice(at?.offset))?.[0].length ?? 0);
  const rest = text.slice(start);
  const [written] = QUOTED.exec(rest) ?? PLAIN.exec(rest) ?? [];
  if (written === undefined) throw new ComposeError("a file's name that is written elsewhere, or over several lines, cannot be published", { at, fix: "write the name in its place" });
  return text.slice(0, start) + name + text.slice(start + written.length);
}
