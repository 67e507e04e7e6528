import { Client, DEFAULT_HOST, parseEndpoint, pullImage, readJsonLines } from "../../client/mod.ts";
import { familiarRepository, parseReference, withDefaultTag } from "../../spec/mod.ts";
import { ComposeError } from "../errors.ts";
import type { Project } from "../model/project.ts";
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
  /** Builds and pulls in place of the library's own way, which builds nothing. */
  readonly images?: ImageWork | undefined;
}

export interface RegistryLogin {
  readonly username: string;
  readonly password: string;
}

/** An engine's client, which is to be closed, and what work on a project needs besides. */
export function openEngine(project: Partial<Pick<Project, "environment">>, options: EngineOptions): ComposeContext & Disposable {
  const { onProgress = () => undefined, onWarning = () => undefined, signal = new AbortController().signal, parallel = Infinity } = options;
  const client = new Client(parseEndpoint(options.host ?? project.environment?.get("DOCKER_HOST") ?? DEFAULT_HOST));
  return { client, tell: onProgress, warn: onWarning, signal, parallel, images: options.images ?? pullOnly(client, options), [Symbol.dispose]: () => client.close() };
}

function pullOnly(client: Client, { onProgress, credentials }: EngineOptions): ImageWork {
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
    build: async (_, services) => {
      throw new ComposeError(`${services.map(({ name }) => name).join(", ")}: the image is not there, and the library builds none`, { path: `services.${services[0]?.name}.build`, fix: "build it first: hako compose build; or give `images`" });
    },
  };
}
