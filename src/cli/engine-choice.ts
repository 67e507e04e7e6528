import { DEFAULT_HOST, parseEndpoint, type Endpoint } from "../client/mod.ts";
import type { ConfigFile, LoadedConfig } from "./config-file.ts";
import { Failure } from "./failure.ts";
import type { Flags } from "./flags.ts";

export const DEFAULT_CONTEXT = "default";

/** Which context the flags, the environment and the configuration file come to, in docker's order. */
export function chooseContext(flags: Flags, config: ConfigFile): string {
  const written = flags.string("context");
  if (flags.list("host").length > 0) {
    if (written) throw new Failure("conflicting options: cannot specify both --host and --context");
    return DEFAULT_CONTEXT;
  }
  if (written) return written;
  if (hostOfEnvironment()) return DEFAULT_CONTEXT;
  return process.env["DOCKER_CONTEXT"] || config.currentContext || DEFAULT_CONTEXT;
}

export const hostOfEnvironment = (): string => process.env["HAKO_HOST"] || process.env["DOCKER_HOST"] || "";

/** The default context's address. */
export function defaultHost(flags: Flags): string {
  return flags.list("host")[0] ?? (hostOfEnvironment() || DEFAULT_HOST);
}

export interface ChosenEngine {
  readonly host: string;
  readonly endpoint: Endpoint;
}

/** @throws Failure in docker's words when the engine's address cannot be used */
export async function chooseEngine(context: string, flags: Flags, config: LoadedConfig): Promise<ChosenEngine> {
  try {
    if (context !== DEFAULT_CONTEXT) {
      const { engineOfContext } = await import("./contexts/engine-of-context.ts");
      return engineOfContext(config.folder, context);
    }
    const host = defaultHost(flags);
    const tls = wantsTls(flags) ? (await import("./tls-files.ts")).readTlsFiles(flags, config.folder) : undefined;
    return { host, endpoint: parseEndpoint(host, tls) };
  } catch (error) {
    throw new Failure(`Failed to initialize: unable to resolve docker endpoint: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** `--tlsverify=false` too means TLS, without verification. */
function wantsTls(flags: Flags): boolean {
  return flags.changed("tlsverify") || flags.bool("tls") || Boolean(process.env["DOCKER_TLS_VERIFY"]) || (!flags.changed("tls") && Boolean(process.env["DOCKER_TLS"]));
}
