import { Client, parseEndpoint } from "../../client/mod.ts";
import { ComposeError, imageOf, type ProgressEvent, type Project, type Service } from "../../compose/mod.ts";
import { parseReference, type RegistryCredentials } from "../../spec/mod.ts";
import { failedOutput, safeExcerpt } from "../build/progress/summary.ts";
import { Trace } from "../build/progress/trace.ts";
import { buildAll, TargetFailure } from "../build/targets.ts";
import { GLOBAL_FLAGS } from "../global-flags.ts";
import { parseLine } from "../parse.ts";
import { serviceTargets } from "./service-targets.ts";

interface ProgramBuild {
  /** The engine's address. */
  readonly host: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined;
  /** By the registry's address. */
  readonly credentials?: ((registry: string) => Promise<{ readonly username: string; readonly password: string } | undefined>) | undefined;
}

const DOCKER_HUB = "docker.io";

/**
 * Builds services for a program: as `compose build` does, without a terminal, signals or the user's configuration.
 * @throws ComposeError with what the failed step has printed
 */
export async function buildForProgram(project: Project, services: readonly Service[], { host, signal, onProgress = () => undefined, credentials }: ProgramBuild): Promise<void> {
  using client = disposable(new Client(parseEndpoint(host)));
  const stop = new AbortController();
  const abort = (): void => stop.abort(signal?.reason);
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  const trace = new Trace();
  const show = (text: string, status: ProgressEvent["status"]): void => {
    for (const service of services) onProgress({ id: `Image ${imageOf(service, project)}`, text, status });
  };
  show("Building", "working");
  try {
    const builder = { client: client.client, host, config: { folder: "", file: {} }, global: parseLine([], GLOBAL_FLAGS, false).flags, variables: Object.fromEntries(project.environment), credentials: await loginsFor(project, credentials) };
    await buildAll(builder, serviceTargets(project, services), { show: (event) => trace.update(event) }, stop);
    show("Built", "done");
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof TargetFailure ? told(error, trace) : error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

const disposable = (client: Client): Disposable & { readonly client: Client } => ({ client, [Symbol.dispose]: () => client.close() });

/** Which registries a Dockerfile needs shows only while it is built: those of the project's images, and Docker Hub. */
async function loginsFor(project: Project, credentials: ProgramBuild["credentials"]): Promise<Record<string, RegistryCredentials>> {
  const registries = new Set([DOCKER_HUB, ...Object.values(project.services).flatMap(({ image }) => (image === undefined ? [] : [parseReference(image).domain]))]);
  const found = await Promise.all([...registries].map(async (registry) => [registry, await credentials?.(registry)] as const));
  return Object.fromEntries(found.flatMap(([registry, login]) => (login ? [[registry, { ...login, identityToken: "" }]] : [])));
}

function told({ target, failure }: TargetFailure, trace: Trace): ComposeError {
  return new ComposeError(`failed to build ${target}: ${failure.message}\n${failedOutput(trace, failure)}${safeExcerpt(failure.excerpt)}`.trimEnd(), { path: `services.${target}.build` });
}
