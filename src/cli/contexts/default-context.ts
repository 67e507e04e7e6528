import { DEFAULT_CONTEXT, defaultHost } from "../engine-choice.ts";
import type { Flags } from "../flags.ts";
import type { ContextMeta } from "./store.ts";

/** What `context ls` says of the context that is no file. */
export const DEFAULT_DESCRIPTION = "Current DOCKER_HOST based configuration";

/** The context that flags and environment make up. */
export function defaultContext(flags: Flags): ContextMeta {
  return { Name: DEFAULT_CONTEXT, Metadata: {}, Endpoints: { docker: { Host: defaultHost(flags), SkipTLSVerify: false } } };
}
