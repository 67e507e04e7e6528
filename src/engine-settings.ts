import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { EngineError, messageOf } from "./base/mod.ts";
import type { Configuration, Values, Where } from "./configuration/mod.ts";
import { ENGINE_DEFAULTS, unusableDefault, type EngineDefaults, type SeccompSetting } from "./engine/mod.ts";
import { parseSeccompProfile } from "./linux/mod.ts";
import type { NetworkConfig, PublisherOptions } from "./network/mod.ts";

/** What the settings of daemon.json come to for each part of the engine. */

export interface EnginePlaces {
  readonly dataRoot: string;
  readonly runRoot: string;
  readonly cgroupParent: string;
  readonly network: NetworkConfig;
  readonly publishing: Pick<PublisherOptions, "relays" | "address">;
}

export function enginePlaces(values: Values): EnginePlaces {
  const { bip, bip6, mtu } = values;
  return {
    dataRoot: resolve(values["data-root"] || "/var/lib/hako"),
    runRoot: resolve(values["exec-root"] || values["run-root"] || "/run/hako"),
    cgroupParent: (values["cgroup-parent"] || "hako").replace(/^\//, ""),
    network: {
      bridge: values.bridge || "hako0",
      table: values.table || "hako",
      ipv4: { ...(bip && { address: bip }), ...(values["fixed-cidr"] && { range: values["fixed-cidr"] }), ...(values["default-gateway"] && { gateway: values["default-gateway"] }) },
      ...(values.ipv6 && { ipv6: { ...(bip6 && { address: bip6 }), ...(values["fixed-cidr-v6"] && { range: values["fixed-cidr-v6"] }), ...(values["default-gateway-v6"] && { gateway: values["default-gateway-v6"] }) } }),
      ...(mtu !== undefined && mtu !== 0 && { mtu }),
      pools: values["default-address-pools"] ?? [],
      forwarding: values["ip-forward"] ?? true,
      firewall: values.iptables ?? true,
      masquerade: values["ip-masq"] ?? true,
      talking: values.icc ?? true,
      firewallIPv6: values.ip6tables ?? true,
    },
    publishing: { relays: values["userland-proxy"] ?? true, address: values.ip ?? "" },
  };
}

/** Folders that only Docker's own data root has. */
const DOCKERS = ["overlay2", "buildkit", "engine-id"];

/** @throws EngineError Conflict for the data root of a Docker engine */
export function refuseDockersRoot(dataRoot: string): void {
  if (!existsSync(join(dataRoot, "hako.db")) && DOCKERS.some((name) => existsSync(join(dataRoot, name))))
    throw new EngineError("Conflict", `${dataRoot} holds the data of a Docker engine, which hako does not read: give hako a folder of its own with data-root`);
}

/** Zero stands for the default, as dockerd has it. */
const orInitial = (value: number | undefined, initial: number): number => value || initial;

export type Proxies = EngineDefaults["proxies"];

/**
 * @param seccomp of the engine's start: the profile is not read again
 * @param ambient proxies of the engine's environment, for what the settings leave open
 * @throws EngineError for a setting that no container could be made with
 */
export function engineDefaults({ values, where }: Pick<Configuration, "values" | "where">, seccomp: SeccompSetting = seccompSetting(values["seccomp-profile"], where), ambient: Proxies = ENGINE_DEFAULTS.proxies): EngineDefaults {
  const initial = ENGINE_DEFAULTS;
  const hostGateways = values["host-gateway-ips"] ?? [];
  const defaults: EngineDefaults = {
    ulimits: Object.values(values["default-ulimits"] ?? {}),
    shmSizeBytes: orInitial(values["default-shm-size"], initial.shmSizeBytes),
    ipcMode: (values["default-ipc-mode"] as EngineDefaults["ipcMode"] | undefined) || initial.ipcMode,
    cgroupnsMode: (values["default-cgroupns-mode"] as EngineDefaults["cgroupnsMode"]) || undefined,
    init: values.init ?? false,
    initPath: values["init-path"] || undefined,
    noNewPrivileges: values["no-new-privileges"] ?? false,
    seccomp,
    dns: values.dns ?? [],
    dnsOptions: values["dns-opts"] ?? [],
    dnsSearch: values["dns-search"] ?? [],
    hostGatewayIPs: hostGateways.length > 0 ? hostGateways : values["host-gateway-ip"] ? [values["host-gateway-ip"]] : [],
    logDriver: values["log-driver"] || initial.logDriver,
    logOptions: values["log-opts"] ?? {},
    runtimes: values.runtimes ?? {},
    defaultRuntime: values["default-runtime"] || initial.defaultRuntime,
    cdiSpecDirs: (values["cdi-spec-dirs"] ?? initial.cdiSpecDirs).filter((folder) => folder !== ""),
    debug: values.debug ?? false,
    labels: values.labels ?? [],
    registryMirrors: values["registry-mirrors"] ?? [],
    registryMirrorsOf: values["registry-mirrors-of"] ?? {},
    insecureRegistries: values["insecure-registries"] ?? [],
    maxConcurrentDownloads: orInitial(values["max-concurrent-downloads"], initial.maxConcurrentDownloads),
    maxConcurrentUploads: orInitial(values["max-concurrent-uploads"], initial.maxConcurrentUploads),
    maxDownloadAttempts: orInitial(values["max-download-attempts"], initial.maxDownloadAttempts),
    proxies: { http: values["http-proxy"] || ambient.http, https: values["https-proxy"] || ambient.https, no: values["no-proxy"] || ambient.no },
    addressPools: values["default-address-pools"] ?? [],
    features: values.features ?? {},
    experimental: values.experimental ?? false,
    shutdownTimeoutSeconds: values["shutdown-timeout"] ?? initial.shutdownTimeoutSeconds,
    warnings: [...(values.hosts ?? []).flatMap((host) => exposure(host, values)), ...(seccomp.kind === "builtin" ? [] : ["WARNING: daemon is not using the default seccomp profile"])],
  };
  const unusable = unusableDefault(defaults);
  if (unusable) throw new EngineError("InvalidParameter", `${where(unusable.setting)}: ${unusable.reason}`);
  return defaults;
}

/** What /info says of an address that anybody may use. */
function exposure(host: string, { tls, tlsverify }: Values): string[] {
  const address = /^tcp:\/\/(.*)$/.exec(host)?.[1];
  if (address === undefined || tlsverify) return [];
  const encrypted = tls ?? tlsverify !== undefined;
  return [`WARNING: API is accessible on ${encrypted ? "https" : "http"}://${address} without ${encrypted ? "TLS client verification" : "encryption"}.\n         Access to the remote API is equivalent to root access on the host. Refer\n         to the 'Docker daemon attack surface' section in the documentation for\n         more information: https://docs.docker.com/go/attack-surface/`];
}

const ANY_KERNEL = { capabilities: [], kernel: "6.0.0", arch: process.arch === "arm64" ? "arm64" : "x64" } as const;

function seccompSetting(path: string | undefined, where: Where): SeccompSetting {
  if (path === undefined || path === "" || path === "builtin") return { kind: "builtin" };
  if (path === "unconfined") return { kind: "unconfined" };
  try {
    const json = readFileSync(path, "utf8");
    parseSeccompProfile(json, ANY_KERNEL);
    return { kind: "file", path, json };
  } catch (error) {
    throw new EngineError("InvalidParameter", `${where("seccomp-profile")}: opening seccomp profile (${path}) failed: ${messageOf(error)}`);
  }
}
