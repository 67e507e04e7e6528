import type { Invocation } from "../command.ts";
import { DEFAULT_CONTEXT } from "../engine-choice.ts";
import { Failure } from "../failure.ts";
import { defaultContext, DEFAULT_DESCRIPTION } from "./default-context.ts";
import type { NewEndpoint } from "./endpoint-config.ts";
import { readContext, readTls, type ContextMeta } from "./store.ts";

export interface Copy extends NewEndpoint {
  readonly metadata: ContextMeta["Metadata"];
}

/** All of a context that another can be made of; the default one too. */
export function copyOf({ config, global }: Invocation, name: string): Copy {
  if (name === DEFAULT_CONTEXT) {
    const { Endpoints } = defaultContext(global);
    return { metadata: { Description: DEFAULT_DESCRIPTION }, endpoint: Endpoints["docker"] ?? { SkipTLSVerify: false }, tls: {} };
  }
  const meta = readContext(config.folder, name);
  const endpoint = meta.Endpoints["docker"];
  if (!endpoint) throw new Failure(`unable to get endpoint from context ${JSON.stringify(name)}`);
  return { metadata: meta.Metadata, endpoint, tls: readTls(config.folder, name) };
}
