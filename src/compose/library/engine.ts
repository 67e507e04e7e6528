import { Client, DEFAULT_HOST, parseEndpoint, pullImage, readJsonLines } from "../../client/mod.ts";
import { familiarRepository, parseReference, withDefaultTag } from "../../spec/mod.ts";
import { ComposeError } from "../errors.ts";
import type { Project, Service } from "../model/project.ts";
import type { ComposeContext, ImageWork } from "../run/context.ts";
import type { ProgressEvent } from "../run/progress.ts";

/** Which engine does the work, and who hears of it. Everything may be left out. */
export interface EngineOptions {
  /** `unix:///path`, `tcp://host:port`; else DOCKER_HOST of the project's environment, else Hakobune's own socket. */
  readonly host?: string | undefined;
  /** Hears of everything as it happens. */
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined;
  /** Hears of what works and should be looked at. */
  readonly onWarning?: ((sentence: string) => void) | undefined;
  /** Ends what is waited for; the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** How many things at a time; any number. */
  readonly parallel?: number | undefined;
  /** Credentials for a registry's address (`docker.io`); without, images are pulled as anybody. */
  readonly credentials?: ((registry: string) => Promise<RegistryLogin | undefined>) | undefined;
  /** Pulls or builds in place of the library's own way. */
  readonly images?: Partial<ImageWork> | undefined;
  /** How services are built where `images` does not; `hakobune/compose` builds as the command line does. */
  readonly builder?: Builder | undefined;
}

export type Builder = (project: Project, services: readonly Service[], on: BuildSurroundings) => Promise<void>;

/** What a build is told of the work that it is a part of. */
export interface BuildSurroundings extends Pick<EngineOptions, "signal" | "onProgress" | "credentials"> {
  readonly host: string;
}

export interface RegistryLogin {
  readonly username: string;
  readonly password: string;
}

/** An engine's client, which is to be closed, and what work on a project needs besides. */
export function openEngine(project: Partial<Pick<Project, "environment">>, options: EngineOptions): ComposeContext & Disposable {
  const { onProgress = () => undefined, onWarning = () => undefined, signal = new AbortController().signal, parallel = Infinity } = options;
  const host = options.host ?? project.environment?.get("DOCKER_HOST") ?? DEFAULT_HOST;
  const client = new Client(parseEndpoint(host));
  return { client, tell: onProgress, warn: onWarning, signal, parallel, images: { ...ownImages(client, host, options), ...options.images }, [Symbol.dispose]: () => client.close() };
}

function ownImages(client: Client, host: string, { onProgress, credentials, signal, builder }: EngineOptions): ImageWork {
  return {
    pull: async ({ platform }, image) => {
      const reference = withDefaultTag(parseReference(image));
      onProgress?.({ id: `Image ${image}`, text: "Pulling", status: "working" });
      const login = await credentials?.(reference.domain);
      const headers = login && { "X-Registry-Auth": Buffer.from(JSON.stringify({ ...login, serveraddress: reference.domain })).toString("base64url") };
      const { body } = await pullImage(client, { fromImage: familiarRepository(reference), tag: reference.digest ?? reference.tag, platform }, headers ?? {});
      for await (const { error } of readJsonLines<{ readonly error?: string }>(body)) if (error !== undefined) throw new ComposeError(error);
      onProgress?.({ id: `Image ${image}`, text: "Pulled", status: "done" });
    },
    build: async (project, services) => {
      if (builder) return await builder(project, services, { host, signal, onProgress, credentials });
      throw new ComposeError(`${services.map(({ name }) => name).join(", ")}: the image is not there, and nobody builds it`, { path: `services.${services[0]?.name}.build`, fix: "build it first: hako compose build; or give a `builder`" });
    },
  };
}
