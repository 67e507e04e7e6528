import type { ContainerCreateRequest, ContainerInspect } from "../../spec/mod.ts";

/**
 * What a container is that the service no longer says, in words: `environment: A is "2", was "1"`. It is known by its hash that something
 * has changed; this tells what, as far as the engine tells it.
 */
export function differences(wanted: ContainerCreateRequest, { Config, HostConfig }: ContainerInspect, image: { readonly Env?: readonly string[] | null } = {}): string[] {
  const words = (list: readonly string[] | null | undefined): string => (list ?? []).join(" ");
  const found: string[] = [];
  const compare = (name: string, now: string, before: string): void => {
    if (now !== before) found.push(`${name}: ${quoted(now)}, was ${quoted(before)}`);
  };
  compare("image", wanted.Image ?? "", Config?.Image ?? "");
  if (wanted.Cmd) compare("command", words(wanted.Cmd), words(Config?.Cmd));
  if (wanted.Entrypoint) compare("entrypoint", words(asList(wanted.Entrypoint)), words(asList(Config?.Entrypoint)));
  if (wanted.User !== undefined) compare("user", wanted.User, Config?.User ?? "");
  if (wanted.WorkingDir !== undefined) compare("working_dir", wanted.WorkingDir, Config?.WorkingDir ?? "");
  found.push(...pairs("environment", assignments(wanted.Env), assignments(Config?.Env), assignments(image.Env)));
  found.push(...pairs("label", own(wanted.Labels), own(Config?.Labels)));
  compare("ports", portsOf(wanted.HostConfig?.PortBindings), portsOf(HostConfig?.PortBindings));
  compare("volumes", mountsOf(wanted.HostConfig?.Mounts), mountsOf(HostConfig?.Mounts));
  compare("network_mode", wanted.HostConfig?.NetworkMode ?? "", HostConfig?.NetworkMode ?? "");
  compare("restart", wanted.HostConfig?.RestartPolicy?.Name ?? "no", HostConfig?.RestartPolicy?.Name ?? "no");
  compare("memory limit", String(wanted.HostConfig?.Memory ?? 0), String(HostConfig?.Memory ?? 0));
  return found;
}

const quoted = (text: string): string => (text === "" ? "nothing" : JSON.stringify(text));
const asList = (value: string | readonly string[] | null | undefined): readonly string[] => (typeof value === "string" ? [value] : (value ?? []));

type Pairs = ReadonlyMap<string, string>;

const assignments = (entries: readonly string[] | null | undefined): Pairs => new Map((entries ?? []).map((entry) => [entry.split("=")[0] ?? "", entry.slice(entry.indexOf("=") + 1)]));
const own = (labels: Readonly<Record<string, string>> | null | undefined): Pairs => new Map(Object.entries(labels ?? {}).filter(([name]) => !name.startsWith("com.docker.compose.")));

/** Values of the environment may be secrets: that they differ is said, not what they are. */
function pairs(what: string, now: Pairs, before: Pairs, given: Pairs = new Map()): string[] {
  const value = (text: string): string => (what === "environment" ? "" : ` ${JSON.stringify(text)}`);
  const changed = [...now].flatMap(([name, text]) => (!before.has(name) ? [`${what}: ${name}${value(text)} is new`] : before.get(name) !== text ? [`${what}: ${name} has another value`] : []));
  const gone = [...before.keys()].filter((name) => !now.has(name) && !given.has(name)).map((name) => `${what}: ${name} is gone`);
  return [...changed, ...(what === "label" ? [] : gone)];
}

const portsOf = (bindings: Readonly<Record<string, readonly { readonly HostIp?: string; readonly HostPort?: string }[] | null>> | null | undefined): string =>
  Object.entries(bindings ?? {}).flatMap(([target, hosts]) => (hosts ?? []).map(({ HostIp = "", HostPort = "" }) => `${HostIp}${HostIp === "" ? "" : ":"}${HostPort}:${target}`)).toSorted().join(" ");

const mountsOf = (mounts: readonly { readonly Type?: string; readonly Source?: string; readonly Target?: string; readonly ReadOnly?: boolean }[] | null | undefined): string =>
  (mounts ?? []).map(({ Source = "", Target = "", ReadOnly }) => `${Source}:${Target}${ReadOnly ? ":ro" : ""}`).toSorted().join(" ");
