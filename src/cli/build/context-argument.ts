import { existsSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { isGitSource } from "../../dockerfile/mod.ts";
import type { DockerfilePlace, MainContext } from "../../spec/mod.ts";
import { Failure } from "../failure.ts";
import { notPrepared } from "./options/fields.ts";
import { readStdin, type StdinContent } from "./stdin.ts";

/** What a build reads of this machine, and under which names it asks for it. */
export interface LocalInput {
  readonly context: MainContext;
  readonly dockerfile: DockerfilePlace;
  /** Absolute. */
  readonly folders: ReadonlyMap<string, string>;
  /** Removes what was unpacked for the build. */
  dispose(): void;
}

const CONTEXT = "context";
const DOCKERFILE = "dockerfile";
const MAX_DOCKERFILE_BYTES = 16 * 1024 * 1024;
const nothingToDo = (): void => undefined;

/** PATH | URL | - with what -f says. @throws Failure in docker's words */
export async function readContextArgument(argument: string, file: string | undefined): Promise<LocalInput> {
  if (argument === "-" && file === "-") throw notPrepared("invalid argument: can't use stdin for both build context and dockerfile");
  if (argument === "-") return ofStdin(await readStdin(), file);
  const remote = existsSync(argument) ? undefined : remoteContext(argument);
  if (remote) return { context: remote, dockerfile: await ofRemote(file), folders: new Map(), dispose: nothingToDo };
  const stat = statSync(argument, { throwIfNoEntry: false });
  if (!stat) throw notPrepared(`unable to prepare context: path ${JSON.stringify(argument)} not found`);
  if (!stat.isDirectory()) throw notPrepared(`unable to prepare context: the path ${JSON.stringify(argument)} is no folder`);
  const folder = resolve(argument);
  const place = await dockerfilePlace(file, folder);
  return { context: { kind: "local", folder: CONTEXT }, dockerfile: place.dockerfile, folders: new Map([[CONTEXT, folder], ...(place.folder === undefined ? [] : [[DOCKERFILE, place.folder] as const])]), dispose: nothingToDo };
}

/** `-f -`, a URL, a path; without one the folder's own. */
async function dockerfilePlace(file: string | undefined, folder: string): Promise<{ dockerfile: DockerfilePlace; folder?: string }> {
  if (file === "-") return { dockerfile: { kind: "text", text: await stdinText(), name: "Dockerfile" } };
  if (file !== undefined && /^https?:\/\//.test(file)) return { dockerfile: { kind: "text", text: await downloaded(file), name: "Dockerfile" } };
  const path = resolve(file === undefined || file === "" ? join(folder, "Dockerfile") : file);
  // Older projects write it small.
  const found = file === undefined && !existsSync(path) && existsSync(join(folder, "dockerfile")) ? join(folder, "dockerfile") : path;
  const place = throughLink(found);
  return { dockerfile: { kind: "file", folder: DOCKERFILE, path: basename(place) }, folder: dirname(place) };
}

/** A link to a Dockerfile elsewhere stands for that file: who names it may read it. */
function throughLink(path: string): string {
  try {
    const real = realpathSync(path);
    return real.startsWith(`${realpathSync(dirname(path))}/`) ? path : real;
  } catch {
    return path; // not there: the build says so
  }
}

async function ofRemote(file: string | undefined): Promise<DockerfilePlace> {
  if (file === "-") return { kind: "text", text: await stdinText(), name: "Dockerfile" };
  return { kind: "remote", path: file || "Dockerfile" };
}

function ofStdin(content: StdinContent, file: string | undefined): LocalInput {
  if (content.kind === "dockerfile") return { context: { kind: "none" }, dockerfile: { kind: "text", text: content.text, name: "Dockerfile" }, folders: new Map(), dispose: nothingToDo };
  const dockerfile: DockerfilePlace = { kind: "file", folder: CONTEXT, path: file || "Dockerfile" };
  return { context: { kind: "local", folder: CONTEXT }, dockerfile, folders: new Map([[CONTEXT, content.folder]]), dispose: () => content.dispose() };
}

async function stdinText(): Promise<string> {
  const text = await new Response(Bun.stdin.stream() as unknown as ConstructorParameters<typeof Response>[0]).text();
  if (text.length > MAX_DOCKERFILE_BYTES) throw new Failure("ERROR: the Dockerfile on standard input is too large");
  return text;
}

async function downloaded(url: string): Promise<string> {
  const answer = await fetch(url).catch((error: unknown) => {
    throw notPrepared(`failed to load dockerfile from ${url}: ${error instanceof Error ? error.message : String(error)}`);
  });
  if (!answer.ok) throw notPrepared(`failed to load dockerfile from ${url}: invalid response status ${answer.status}`);
  return (await answer.text()).slice(0, MAX_DOCKERFILE_BYTES);
}

/** Git repositories and files of the network; undefined for anything else. */
export function remoteContext(text: string): MainContext | undefined {
  if (isGitSource(text) || text.startsWith("github.com/")) return { kind: "git", url: text };
  return /^https?:\/\//.test(text) ? { kind: "http", url: text } : undefined;
}
