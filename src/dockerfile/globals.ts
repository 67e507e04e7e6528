import type { Dockerfile } from "./dockerfile.ts";
import type { Environment } from "./environment.ts";
import { errorAt } from "./errors.ts";
import { expandWord, WordError } from "./expand.ts";

/** Architecture, system and variant as in an image's config. */
export interface ArgumentPlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly osVersion?: string;
}

export interface PredefinedOptions {
  readonly buildPlatform: ArgumentPlatform;
  readonly targetPlatform: ArgumentPlatform;
  /** Name of the stage that is built; "default" when it has none. */
  readonly target?: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
}

/** `--build-arg` may set these without an ARG; RUN sees them, history and cache keys do not. */
export const PROXY_ARGS: readonly string[] = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY", "ftp_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"];

const platformText = ({ os, architecture, variant }: ArgumentPlatform): string => [os, architecture, variant].filter(Boolean).join("/");

/** BUILDPLATFORM, TARGETARCH and so on: known everywhere before the first FROM, and in a stage that declares them. */
export function predefinedArguments({ buildPlatform: build, targetPlatform: target, target: stage, buildArgs = {} }: PredefinedOptions): ReadonlyMap<string, string> {
  const values = {
    BUILDPLATFORM: platformText(build),
    BUILDOS: build.os,
    BUILDOSVERSION: build.osVersion ?? "",
    BUILDARCH: build.architecture,
    BUILDVARIANT: build.variant ?? "",
    TARGETPLATFORM: platformText(target),
    TARGETOS: target.os,
    TARGETOSVERSION: target.osVersion ?? "",
    TARGETARCH: target.architecture,
    TARGETVARIANT: target.variant ?? "",
    TARGETSTAGE: stage || "default",
  };
  return new Map(Object.entries(values).map(([name, value]) => [name, Object.hasOwn(buildArgs, name) ? (buildArgs[name] ?? "") : value]));
}

/** What FROM lines, and stages that declare the name, know: predefined values, then each global ARG with the build's value or its default. @throws DockerfileError */
export function globalArguments({ metaArgs, directives, source }: Dockerfile, predefined: ReadonlyMap<string, string>, buildArgs: Readonly<Record<string, string>>): Environment {
  const values = new Map(predefined);
  const environment: Environment = { get: (name) => values.get(name), names: () => [...values.keys()] };
  for (const { args, range } of metaArgs) {
    for (const { name, defaultValue } of args) {
      try {
        const value = Object.hasOwn(buildArgs, name) ? buildArgs[name] : defaultValue === undefined ? undefined : expandWord(defaultValue, environment, directives).text;
        if (value !== undefined) values.set(name, value);
      } catch (error) {
        throw error instanceof WordError ? errorAt(error, source, range) : error;
      }
    }
  }
  return environment;
}
