import type { Client } from "../../client/mod.ts";
import type { Project, Service } from "../model/project.ts";
import type { Tell } from "./progress.ts";
import type { ProviderWork } from "./providers.ts";

/** What the work on a project needs of whoever asks for it. */
export interface ComposeContext {
  readonly client: Client;
  readonly tell: Tell;
  /** Fetches and builds images: credentials and build progress are the caller's. */
  readonly images: ImageWork;
  /** How many things at a time. */
  readonly parallel: number;
  /** One sentence for the user. */
  readonly warn: (sentence: string) => void;
  readonly signal: AbortSignal;
  /** Nothing is changed, so that there is nothing to wait for. */
  readonly dryRun?: boolean;
  /** Without, a service that a provider makes is refused. */
  readonly providers?: ProviderWork;
}

export interface ImageWork {
  /** @throws ApiError */
  pull(service: Service, image: string): Promise<void>;
  /** All at once: they may build on each other. */
  build(project: Project, services: readonly Service[]): Promise<void>;
}
