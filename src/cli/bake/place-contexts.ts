import { realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, normalize, relative, resolve } from "node:path";
import type { Baked, Fields, Target } from "../../bake/mod.ts";
import { parseGitURL } from "../../dockerfile/mod.ts";
import { remoteContext } from "../build/context-argument.ts";
import { Failure } from "../failure.ts";

const HERE = "cwd://";
const isElsewhere = (path: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//.test(path) || remoteContext(path) !== undefined || /^(?:target|docker-image):/.test(path);

/** The same with contexts as they are shown: of a definition from elsewhere, its own folder is there too. */
export const placeShown = (baked: Baked, url: string | undefined): Baked => ({ ...baked, target: mapTargets(baked, (target) => ({ ...target, context: shownContext(target.context ?? ".", url) })) });

function shownContext(context: string, url: string | undefined): string {
  if (context.startsWith(HERE)) return cleaned(context.slice(HERE.length));
  const path = isElsewhere(context) ? context : cleaned(context);
  return path === "." && url !== undefined ? url : path;
}

/** The same with every path as a build takes it: below the definition's repository, or here. */
export function placeBuilt(baked: Baked, url: string | undefined): Baked["target"] {
  return mapTargets(baked, (target) => {
    const { context = ".", contexts, dockerfile } = target;
    if (url !== undefined && context.startsWith(HERE) && dockerfile !== undefined && !dockerfile.startsWith(HERE) && !isAbsolute(dockerfile) && target["dockerfile-inline"] === undefined) {
      throw new Failure("ERROR: reading a dockerfile for a remote build invocation is currently not supported");
    }
    return {
      ...target,
      context: builtPath(context, url),
      ...(contexts && { contexts: Object.fromEntries(Object.entries(contexts).map(([name, path]) => [name, builtPath(path, url)])) }),
      ...(dockerfile?.startsWith(HERE) && { dockerfile: resolve(dockerfile.slice(HERE.length)) }),
    };
  });
}

function builtPath(path: string, url: string | undefined): string {
  if (path.startsWith(HERE)) return cleaned(path.slice(HERE.length));
  if (url === undefined || isElsewhere(path)) return path;
  if (isAbsolute(path)) throw new Failure(`ERROR: ${path} is no path of the repository ${url}`);
  if (cleaned(path) === ".") return url;
  if (remoteContext(url)?.kind !== "git") return path;
  const { remote, ref, subfolder } = parseGitURL(url);
  return `${remote}#${ref}:${join(subfolder, path)}`;
}

/**
 * What somebody else's definition names of this machine must lie below the folder that the command is in, or be granted.
 * @param granted as `--allow` has it
 * @throws Failure that names what is missing
 */
export function checkPaths(targets: Baked["target"], granted: readonly string[]): void {
  const wanted = Object.values(targets).flatMap(pathsOf).filter(({ path }) => !isBelow(realPath("."), path));
  const missing = wanted.filter(({ path, way }) => !granted.some((grant) => allows(grant, way, path)));
  if (missing.length === 0) return;
  const isCovered = ({ way, path }: WantedPath): boolean => missing.some((other) => other.way === way && other.path !== path && isBelow(other.path, path));
  const flags = [...new Set(missing.filter((each) => !isCovered(each)).map(({ way, path }) => `--allow=fs.${way}=${path}`))];
  throw new Failure(`ERROR: the definition is from elsewhere, and names paths outside of this folder: look at what it builds (--print), and grant them with ${flags.join(" ")}`);
}

interface WantedPath {
  readonly way: "read" | "write";
  readonly path: string;
}

function pathsOf(target: Target): WantedPath[] {
  const fields = (of: readonly Fields[] | undefined, ...names: readonly string[]): string[] => (of ?? []).flatMap((each) => names.flatMap((name) => each[name]?.split(",") ?? []));
  const local = [target.context ?? ".", ...Object.values(target.contexts ?? {})].filter((path) => !isElsewhere(path)).concat(Object.values(target.contexts ?? {}).flatMap((path) => (path.startsWith("oci-layout://") ? [path.slice("oci-layout://".length).replace(/[:@].*$/, "")] : [])));
  const { context = ".", dockerfile, "dockerfile-inline": inline } = target;
  const dockerfiles = dockerfile === undefined || inline !== undefined ? [] : isElsewhere(context) ? [dockerfile].filter(isAbsolute) : [resolve(context, dockerfile)];
  // A secret that says no more than its name is a variable, or a file.
  const named = (target.secret ?? []).flatMap(({ id, src, env }) => (id === undefined || src !== undefined || env !== undefined || process.env[id] !== undefined ? [] : [id]));
  const read = [...local, ...dockerfiles, ...named, ...fields(target.secret, "src"), ...fields(target.ssh, "paths"), ...fields(target["cache-from"], "src")];
  const written = [...fields(target.output, "dest"), ...fields(target["cache-to"], "dest")].filter((path) => path !== "-");
  return [...read.map((path): WantedPath => ({ way: "read", path: realPath(path) })), ...written.map((path): WantedPath => ({ way: "write", path: realPath(path) }))];
}

function allows(grant: string, way: "read" | "write", path: string): boolean {
  const [, kind, allowed] = /^fs(\.read|\.write)?=(.+)$/.exec(grant) ?? [];
  return allowed !== undefined && (kind === undefined || kind === `.${way}`) && (allowed === "*" || isBelow(realPath(allowed), path));
}

const isBelow = (folder: string, path: string): boolean => !/^\.\.(?:\/|$)/.test(relative(folder, path));

/** Where links lead; of what is not there, its folder's. */
function realPath(path: string): string {
  const whole = resolve(path);
  try {
    return realpathSync(whole);
  } catch {
    return whole === "/" ? whole : join(realPath(dirname(whole)), basename(whole));
  }
}

const cleaned = (path: string): string => normalize(path === "" ? "." : path).replace(/(?<=.)\/$/, "");

const mapTargets = ({ target }: Baked, change: (target: Target) => Target): Baked["target"] => Object.fromEntries(Object.entries(target).map(([name, each]) => [name, change(each)]));
