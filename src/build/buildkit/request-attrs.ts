import type { BuildRequest } from "../../spec/mod.ts";
import { platformText } from "../frontend/platform.ts";

/** What another client of BuildKit's would have asked for, as far as lists of builds show it. @param name of the folder that is built */
export function requestAttrs(request: BuildRequest, name: string): Record<string, string> {
  const { context, dockerfile, target, buildArgs, labels, platforms, noCache, noCacheFilter, pull, network, addHosts, shmSize, ulimits, cgroupParent } = request;
  const attrs: Record<string, string> = {
    filename: dockerfile.kind === "text" ? dockerfile.name : dockerfile.path,
    "image-resolve-mode": pull ? "pull" : "local",
    ...(context.kind === "git" || context.kind === "http" ? { context: context.url } : { "vcs:localdir:context": name }),
    target,
    platform: platforms.map(platformText).join(","),
    "no-cache": noCacheFilter.join(","),
    "force-network-mode": network === "default" ? "" : network,
    "add-hosts": addHosts.map((entry) => entry.replace(":", "=")).join(","),
    "shm-size": shmSize > 0 ? String(shmSize) : "",
    ulimit: ulimits.map(({ name: limit, soft, hard }) => `${limit}=${soft}:${hard}`).join(","),
    "cgroup-parent": cgroupParent,
  };
  const given = Object.entries(attrs).filter(([, value]) => value !== "");
  const prefixed = (prefix: string, values: Readonly<Record<string, string>>) => Object.entries(values).map(([key, value]) => [prefix + key, value] as const);
  return Object.fromEntries([...given, ...(noCache ? [["no-cache", ""] as const] : []), ...prefixed("build-arg:", buildArgs), ...prefixed("label:", labels)]);
}
