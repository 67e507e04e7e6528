import { systemInfo } from "../../client/mod.ts";
import type { SystemInfo } from "../../spec/mod.ts";
import { VERSION } from "../build-info.ts";
import type { Invocation } from "../command.ts";
import { binarySize } from "../format/size.ts";
import { err, out, printable } from "../output.ts";

export async function run({ flags, client, context, global }: Invocation): Promise<number> {
  const format = flags.string("format");
  const debug = global.bool("debug");
  const info = await systemInfo(client).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
  const reached = info instanceof Error ? undefined : info;
  if (format) await printTemplate(format, { Version: VERSION, Context: context, Debug: debug }, reached);
  else out(`Client:\n Version:    ${VERSION}\n Context:    ${context}\n Debug Mode: ${String(debug)}\n\nServer:\n${reached ? serverText(reached) : ""}`);
  if (!(info instanceof Error)) {
    if (!format) for (const warning of info.Warnings ?? []) err(`${printable(warning)}\n`);
    return 0;
  }
  err(`${info.message}\n`);
  return 1;
}

async function printTemplate(format: string, client: object, info: SystemInfo | undefined): Promise<void> {
  const { inspectTemplate, printThrough } = await import("../format/inspect-template.ts");
  printThrough(inspectTemplate(format === "json" ? "{{json .}}" : format, { goType: "system.dockerInfo" }), { ...info, ClientInfo: client });
}

type Line = readonly [depth: number, text: string];

function serverText(info: SystemInfo): string {
  const lines = [...countLines(info), ...driverLines(info), ...hostLines(info)];
  return `${lines.map(([depth, text]) => `${" ".repeat(depth)}${printable(text)}\n`).join("")}\n`;
}

function countLines(info: SystemInfo): Line[] {
  return [
    [1, `Containers: ${info.Containers ?? 0}`],
    [2, `Running: ${info.ContainersRunning ?? 0}`],
    [2, `Paused: ${info.ContainersPaused ?? 0}`],
    [2, `Stopped: ${info.ContainersStopped ?? 0}`],
    [1, `Images: ${info.Images ?? 0}`],
    [1, `Server Version: ${info.ServerVersion ?? ""}`],
    [1, `Storage Driver: ${info.Driver ?? ""}`],
    ...(info.DriverStatus ?? []).map(([name = "", value = ""]): Line => [2, `${name}: ${value}`]),
  ];
}

function driverLines(info: SystemInfo): Line[] {
  const plugin = (title: string, names: readonly string[] | undefined | null): Line[] => (names && names.length > 0 ? [[2, `${title}: ${names.join(" ")}`]] : []);
  return [
    [1, `Logging Driver: ${info.LoggingDriver ?? ""}`],
    [1, `Cgroup Driver: ${info.CgroupDriver ?? ""}`],
    [1, `Cgroup Version: ${info.CgroupVersion ?? ""}`],
    [1, "Plugins:"],
    ...plugin("Volume", info.Plugins?.Volume),
    ...plugin("Network", info.Plugins?.Network),
    ...plugin("Authorization", info.Plugins?.Authorization),
    ...plugin("Log", info.Plugins?.Log),
    ...listed("CDI spec directories:", (info.CDISpecDirs ?? []).map((dir): Line => [2, dir])),
    [1, `Swarm: ${info.Swarm?.LocalNodeState ?? "inactive"}`],
    [1, `Runtimes: ${Object.keys(info.Runtimes ?? {}).toSorted().join(" ")}`],
    [1, `Default Runtime: ${info.DefaultRuntime ?? ""}`],
    [1, `Init Binary: ${info.InitBinary ?? ""}`],
    [1, `containerd version: ${info.ContainerdCommit?.ID ?? ""}`],
    [1, `runc version: ${info.RuncCommit?.ID ?? ""}`],
    [1, `init version: ${info.InitCommit?.ID ?? ""}`],
    ...securityLines(info.SecurityOptions ?? []),
  ];
}

/** `name=seccomp,profile=builtin` */
function securityLines(options: readonly string[]): Line[] {
  if (options.length === 0) return [];
  const lines: Line[] = [[1, "Security Options:"]];
  for (const option of options) {
    for (const field of option.split(",")) {
      const [key = "", value = ""] = field.split("=");
      lines.push(key === "name" ? [2, value] : [3, `${key.charAt(0).toUpperCase()}${key.slice(1)}: ${value}`]);
    }
  }
  return lines;
}

/** A title over its lines; nothing when there are none. */
const listed = (title: string, lines: readonly Line[]): Line[] => (lines.length > 0 ? [[1, title], ...lines] : []);

function hostLines(info: SystemInfo): Line[] {
  const registries = [...Object.entries(info.RegistryConfig?.IndexConfigs ?? {}).filter(([, index]) => index.Secure === false).map(([name]) => name), ...(info.RegistryConfig?.InsecureRegistryCIDRs ?? [])];
  const proxies = ([["HTTP Proxy", info.HttpProxy], ["HTTPS Proxy", info.HttpsProxy], ["No Proxy", info.NoProxy]] as const).flatMap(([title, value]): Line[] => (value ? [[1, `${title}: ${value}`]] : []));
  return [
    [1, `Kernel Version: ${info.KernelVersion ?? ""}`],
    [1, `Operating System: ${info.OperatingSystem ?? ""}`],
    [1, `OSType: ${info.OSType ?? ""}`],
    [1, `Architecture: ${info.Architecture ?? ""}`],
    [1, `CPUs: ${info.NCPU ?? 0}`],
    [1, `Total Memory: ${binarySize(info.MemTotal ?? 0)}`],
    [1, `Name: ${info.Name ?? ""}`],
    [1, `ID: ${info.ID ?? ""}`],
    [1, `Docker Root Dir: ${info.DockerRootDir ?? ""}`],
    [1, `Debug Mode: ${String(info.Debug ?? false)}`],
    ...proxies,
    ...listed("Labels:", (info.Labels ?? []).map((label): Line => [2, label])),
    [1, `Experimental: ${String(info.ExperimentalBuild ?? false)}`],
    ...listed("Insecure Registries:", registries.map((name): Line => [2, name])),
    ...listed("Registry Mirrors:", (info.RegistryConfig?.Mirrors ?? []).map((mirror): Line => [2, mirror])),
    ...registryService((info as { RegistryService?: { Running?: boolean; Address?: string } }).RegistryService),
    [1, `Live Restore Enabled: ${String(info.LiveRestoreEnabled ?? false)}`],
    ...listed("Default Address Pools:", (info.DefaultAddressPools ?? []).map(({ Base: base = "", Size: size = 0 }): Line => [3, `Base: ${base}, Size: ${size}`])),
  ];
}

const registryService = (service: { readonly Running?: boolean; readonly Address?: string } | undefined): Line[] => (service ? [[1, `Registry Service: ${service.Running ? (service.Address ?? "") : "starting"}`]] : []);
