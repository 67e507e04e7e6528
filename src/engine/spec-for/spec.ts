import { posix } from "node:path";
import type { ProcessSpec, RuntimeSpec, Seccomp } from "../../spec/mod.ts";
import { containerCapabilities } from "../capabilities.ts";
import type { HostPort } from "../ports.ts";
import type { ContainerRecord } from "../record.ts";
import { rlimitsOf } from "../rlimits.ts";
import { parseSecurityOptions, type SecurityOptions } from "../security-options.ts";
import { devicesOf } from "./devices.ts";
import { processEnv } from "./env.ts";
import { mountsOf, rootPropagationOf, type MountSources } from "./mounts.ts";
import { namespacesOf, sysctlsOf, type NamespaceSources } from "./namespaces.ts";
import { resourcesOf } from "./resources.ts";
import type { ResolvedUser } from "./user.ts";

export interface SpecSources extends MountSources {
  readonly host: HostPort;
  /** By the passwd and group files of the container's root. */
  user(text: string): ResolvedUser;
  readonly joined: NamespaceSources["joined"];
  /** What the environment tells of linked containers. */
  readonly linkedEnv: readonly string[];
  readonly cgroupsPath: string;
}

/** A container as the OCI runtime specification says it: Docker's defaults and what the user changed of them. */
export function specFor(record: ContainerRecord, sources: SpecSources): RuntimeSpec {
  const { config, hostConfig } = record;
  const security = parseSecurityOptions(hostConfig.SecurityOpt ?? []);
  const user = sources.user(config.User ?? "");
  const devices = devicesOf(hostConfig, sources.host);
  const process = processOf(record, user, security, sources);
  const seccomp = seccompOf(security, hostConfig.Privileged ?? false, process.capabilities.bounding, sources.host);
  const rootfsPropagation = rootPropagationOf(record.mounts);
  return {
    ociVersion: "1.2.1",
    ...(hostConfig.UTSMode === "host" ? {} : { hostname: config.Hostname ?? "", domainname: shortened(config.Domainname ?? "") }),
    process,
    root: { path: "rootfs", readonly: hostConfig.ReadonlyRootfs ?? false },
    mounts: mountsOf(hostConfig, record.mounts, security.writableCgroups, sources),
    linux: {
      namespaces: namespacesOf(hostConfig, sources),
      devices: devices.nodes,
      maskedPaths: [...(hostConfig.MaskedPaths ?? [])],
      readonlyPaths: [...(hostConfig.ReadonlyPaths ?? [])],
      sysctl: sysctlsOf(hostConfig),
      cgroupsPath: sources.cgroupsPath,
      resources: resourcesOf(hostConfig, devices.rules, sources.host),
      ...(seccomp && { seccomp }),
      ...(rootfsPropagation !== undefined && { rootfsPropagation }),
    },
    annotations: { ...hostConfig.Annotations },
  };
}

function processOf(record: ContainerRecord, user: ResolvedUser, security: SecurityOptions, { host, linkedEnv }: Pick<SpecSources, "host" | "linkedEnv">): ProcessSpec {
  const { config, hostConfig } = record;
  const command = [record.path, ...record.args];
  const [height = 0, width = 0] = hostConfig.ConsoleSize ?? [];
  return {
    terminal: config.Tty ?? false,
    ...(config.Tty && height > 0 && { consoleSize: { height, width } }),
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    args: hostConfig.Init ? ["/sbin/docker-init", "--", ...command] : command,
    env: processEnv({ hostname: config.Hostname ?? "", tty: config.Tty ?? false, linked: linkedEnv, env: config.Env ?? [], home: user.home }),
    cwd: posix.normalize(config.WorkingDir || "/"),
    capabilities: capabilitySets(containerCapabilities({ add: hostConfig.CapAdd ?? [], drop: hostConfig.CapDrop ?? [], privileged: hostConfig.Privileged ?? false }, host.kernelCapabilities)),
    rlimits: rlimitsOf(hostConfig.Ulimits ?? []),
    noNewPrivileges: security.noNewPrivileges,
    oomScoreAdj: hostConfig.OomScoreAdj ?? 0,
  };
}

const DOMAIN_BYTES = 64;

/** The kernel keeps no more of a domain's name; the hosts file has all of it. */
function shortened(domain: string): string {
  return Buffer.from(domain).subarray(0, DOMAIN_BYTES).toString().replace(/\uFFFD+$/, "");
}

export function capabilitySets(names: string[]): ProcessSpec["capabilities"] {
  return { bounding: names, effective: names, permitted: names, inheritable: [], ambient: [] };
}

export function seccompOf(security: SecurityOptions, privileged: boolean, capabilities: readonly string[], host: Pick<HostPort, "defaultSeccomp" | "parseSeccomp">): Seccomp | undefined {
  if (security.seccomp === "unconfined" || (privileged && security.seccomp === "default")) return undefined;
  return security.seccomp === "default" ? host.defaultSeccomp(capabilities) : host.parseSeccomp(security.seccomp.profile, capabilities);
}
