import type { Fields, Target } from "../../bake/mod.ts";
import type { BuildEvent, BuildFailure, BuildResult, Digest } from "../../spec/mod.ts";
import { Failure } from "../failure.ts";
import { err, printable } from "../output.ts";
import { parseLine } from "../parse.ts";
import { BUILD } from "../table/build.ts";
import { startBuild } from "./engine-build.ts";
import type { ChosenDisplay } from "./progress/choose-display.ts";
import type { Display } from "./progress/display.ts";
import { failedOutput, safeExcerpt, warningsText } from "./progress/summary.ts";
import { prepareBuild, type Builder } from "./request.ts";

const EXIT_SIGINT = 128 + 2;
const LINK = "target:";

/** A build that failed, and which of several it was. */
export class TargetFailure extends Error {
  constructor(
    readonly target: string,
    readonly failure: BuildFailure,
  ) {
    super(failure.message);
  }
}

/**
 * Builds several targets at once in one display; those that others build on come before them. The engine does what they share once.
 * @throws Failure for the first that fails; the others are cancelled
 */
export async function buildTargets(builder: Builder, targets: Readonly<Record<string, Target>>, display: ChosenDisplay): Promise<ReadonlyMap<string, BuildResult>> {
  const stop = new AbortController();
  let interrupted = false;
  const cancel = (): void => {
    if (interrupted) process.exit(EXIT_SIGINT);
    interrupted = true;
    stop.abort();
  };
  process.on("SIGINT", cancel);
  process.on("SIGTERM", cancel);
  try {
    const results = await buildAll(builder, targets, display, stop);
    display.finish(false);
    if (display.mode !== "quiet" && display.mode !== "rawjson") err(warningsText(display.trace.warnings, { debug: builder.global.bool("debug"), colors: display.colors }));
    return results;
  } catch (error) {
    display.finish(true);
    if (interrupted) throw new Failure("ERROR: failed to build: failed to solve: Canceled: context canceled", EXIT_SIGINT);
    throw told(error, display);
  } finally {
    process.removeListener("SIGINT", cancel);
    process.removeListener("SIGTERM", cancel);
  }
}

/** @param stop is pulled by the first failure @throws TargetFailure for it */
export async function buildAll(builder: Builder, targets: Readonly<Record<string, Target>>, display: Pick<Display, "show">, stop: AbortController): Promise<Map<string, BuildResult>> {
  const names = Object.keys(targets);
  const show = names.length > 1 ? prefixed(display) : (_: string, event: BuildEvent): void => display.show(event);
  const links = new Set(Object.values(targets).flatMap(({ contexts = {} }) => Object.values(contexts)).filter((source) => source.startsWith(LINK)).map((source) => source.slice(LINK.length)));
  const results = new Map<string, BuildResult>();
  const started = new Map<string, Promise<BuildResult>>();
  await using held = new AsyncDisposableStack();
  const build = (name: string): Promise<BuildResult> => {
    const running = started.get(name);
    if (running) return running;
    const work = (async (): Promise<BuildResult> => {
      const target = targets[name] ?? {};
      const linked = await linkedContexts(target, targets, build);
      const result = await buildOne(builder, name, { ...target, ...(linked && { contexts: linked }), ...(links.has(name) && kept(target.output)) }, (event) => show(name, event), { signal: stop.signal, held: links.has(name) ? held : undefined });
      results.set(name, result);
      return result;
    })();
    started.set(name, work);
    work.catch(() => stop.abort());
    return work;
  };
  const outcomes = await Promise.allSettled(names.map(build));
  const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
  // Those that were cancelled because of it are not what went wrong.
  if (failures.length > 0) throw failures.find((failure) => failure instanceof TargetFailure) ?? failures[0];
  return results;
}

/** What others build on is an image, which has no name and is gone when all are built where nothing else is wanted of it. */
function kept(output: Target["output"]): Pick<Target, "output" | "tags"> {
  if (output === undefined || output.some(({ type }) => type === "image" || type === "registry")) return {};
  const others = output.filter(({ type }) => type !== "cacheonly");
  return { output: [...others, { type: "image", hold: "true" }], ...(others.every(({ type }) => type === "local" || type === "tar") && { tags: [] }) };
}

/** Contexts of the result of other targets, as images. */
async function linkedContexts({ contexts }: Target, targets: Readonly<Record<string, Target>>, build: (name: string) => Promise<BuildResult>): Promise<Target["contexts"]> {
  if (!contexts) return undefined;
  const entries = Object.entries(contexts).map(async ([name, source]): Promise<[string, string]> => {
    const other = source.startsWith(LINK) ? source.slice(LINK.length) : undefined;
    if (other === undefined) return [name, source];
    if (!targets[other]) throw new Failure(`ERROR: failed to find target ${other}`);
    const { imageId } = await build(other);
    if (imageId === undefined) throw new Failure(`ERROR: target ${other} makes no image that another could build on`);
    return [name, `docker-image://${imageId}`];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** @param held keeps the build's connection, and what the engine keeps as long as that lasts */
async function buildOne(builder: Builder, name: string, target: Target, show: (event: BuildEvent) => void, { signal, held }: { readonly signal: AbortSignal; readonly held: AsyncDisposableStack | undefined }): Promise<BuildResult> {
  const { flags, args } = parseLine(wordsOf(target), BUILD.flags, true);
  const prepared = await prepareBuild({ ...builder, flags, args });
  const request = target["dockerfile-inline"] === undefined ? prepared.request : { ...prepared.request, dockerfile: { kind: "text" as const, text: target["dockerfile-inline"], name: "Dockerfile" } };
  try {
    signal.throwIfAborted();
    const running = await startBuild(builder, { ...prepared, request }, show);
    held?.defer(() => running.close());
    const close = (): void => void running.close();
    signal.addEventListener("abort", close);
    try {
      const result = await running.end;
      if ("failed" in result) throw new TargetFailure(name, result.failed);
      return result.done;
    } finally {
      signal.removeEventListener("abort", close);
      if (!held) await running.close();
    }
  } finally {
    prepared.dispose();
  }
}

/** The command line of `build` that says what the target says. */
function wordsOf(target: Target): string[] {
  const { context = ".", dockerfile, pull, "no-cache": noCache, "shm-size": shmSize, network, target: stage, call } = target;
  const words: string[] = [];
  const flag = (name: string, values: readonly string[] = []): void => void words.push(...values.map((value) => `--${name}=${value}`));
  const pairs = (name: string, values: Readonly<Record<string, string>> = {}): void => flag(name, Object.entries(values).map(([key, value]) => `${key}=${value}`));
  const single = (name: string, value: string | undefined): void => flag(name, value === undefined ? [] : [value]);
  pairs("build-arg", target.args);
  pairs("label", target.labels);
  pairs("build-context", target.contexts);
  flag("add-host", Object.entries(target["extra-hosts"] ?? {}).map(([host, address]) => `${host}:${address}`));
  flag("tag", target.tags);
  flag("annotation", target.annotations);
  flag("platform", target.platforms);
  flag("no-cache-filter", target["no-cache-filter"]);
  flag("ulimit", target.ulimits);
  flag("allow", target.entitlements);
  for (const [name, values] of [["attest", target.attest], ["cache-from", target["cache-from"]], ["cache-to", target["cache-to"]], ["secret", target.secret], ["output", target.output]] as const) flag(name, values?.map(fieldsText));
  flag("ssh", target.ssh?.map(({ id = "default", paths }) => (paths === undefined ? id : `${id}=${paths}`)));
  single("target", stage);
  single("network", network);
  single("shm-size", shmSize);
  single("call", call);
  if (pull) words.push("--pull");
  if (noCache) words.push("--no-cache");
  if (dockerfile !== undefined && target["dockerfile-inline"] === undefined) words.push(`--file=${dockerfileOf(context, dockerfile)}`);
  return [...words, "--", context];
}

/** In a definition the Dockerfile lies in the context; on a command line it does not. */
function dockerfileOf(context: string, dockerfile: string): string {
  const isRemote = /^[a-z][a-z0-9+.-]*:\/\/|^git@/.test(context);
  return isRemote || dockerfile.startsWith("/") || dockerfile.startsWith("cwd://") ? dockerfile.replace(/^cwd:\/\//, "") : `${context.replace(/\/+$/, "")}/${dockerfile}`;
}

function fieldsText(fields: Fields): string {
  return Object.entries(fields).map(([key, value]) => (/[",]/.test(value) ? `"${key}=${value.replaceAll('"', '""')}"` : `${key}=${value}`)).join(",");
}

/** Steps say which target they belong to; a step of several belongs to the first. */
function prefixed(display: Pick<Display, "show">): (target: string, event: BuildEvent) => void {
  const names = new Map<Digest, string>();
  return (target, event) => {
    if (event.type !== "vertex") return display.show(event);
    const { vertex } = event;
    const name = names.get(vertex.digest) ?? (vertex.name.startsWith("[") ? `[${target} ${vertex.name.slice(1)}` : `[${target}] ${vertex.name}`);
    names.set(vertex.digest, name);
    display.show({ ...event, vertex: { ...vertex, name } });
  };
}

function told(error: unknown, { mode, trace }: ChosenDisplay): unknown {
  if (!(error instanceof TargetFailure)) return error;
  const { target, failure } = error;
  if (mode !== "rawjson" && mode !== "quiet" && mode !== "none") err(failedOutput(trace, failure));
  err(safeExcerpt(failure.excerpt));
  return new Failure(`ERROR: target ${target}: ${failure.message.split("\n").map(printable).join("\n")}`);
}
