import { mkdirSync, mkdir as mkdirCallback, rmSync, writeFileSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { messageOf } from "../base/mod.ts";
import { RESOLVER_ADDRESS } from "../linux/mod.ts";
import { hostsFile, resolvConf } from "../network/mod.ts";
import type { EngineContext } from "./context.ts";
import { linkedHosts } from "./links.ts";
import { containerDir, exitFile, runDir, runSocket } from "./paths.ts";
import type { Endpoint } from "./ports.ts";
import type { ContainerRecord } from "./record.ts";
import { refOf } from "./spec-for/namespaces.ts";

/**
 * Writes hostname, hosts and resolv.conf, and makes the folders of a run. The files are small and on the path of every start:
 * a thread's turn-around would cost more than the writes.
 */
export async function writeRunFiles(ctx: EngineContext, record: ContainerRecord, endpoints: readonly Endpoint[]): Promise<void> {
  const { hostConfig, id } = record;
  const dir = containerDir(ctx.paths, id);
  mkdirSync(runDir(ctx.paths, id), { recursive: true, mode: 0o700 });
  rmSync(exitFile(ctx.paths, id), { force: true });
  const mode = hostConfig.NetworkMode ?? "bridge";
  if (mode.startsWith("container:")) {
    const donor = containerDir(ctx.paths, ctx.containers.resolve(refOf(mode)).id);
    await Promise.all(["hostname", "hosts", "resolv.conf"].map((name) => copyFile(`${donor}/${name}`, `${dir}/${name}`)));
    return;
  }
  writeFileSync(`${dir}/hostname`, `${record.config.Hostname ?? ""}\n`);
  writeFileSync(`${dir}/hosts`, hostsText(ctx, record, endpoints));
  writeFileSync(`${dir}/resolv.conf`, resolvText(ctx, record, endpoints));
}

/** Text of /etc/hosts. */
export function hostsText(ctx: EngineContext, record: ContainerRecord, endpoints: readonly Endpoint[]): string {
  const { config, hostConfig } = record;
  const onHost = hostConfig.NetworkMode === "host";
  const extraHosts = [...(hostConfig.ExtraHosts ?? []), ...linkedHosts(ctx, record)].map((entry) => entry.replace(/([:=])host-gateway$/, (_, separator: string) => separator + (ctx.defaults.hostGatewayIPs[0] ?? ctx.network.bridge.gateway)));
  return hostsFile({ hostname: config.Hostname ?? "", domainname: config.Domainname ?? "", ips: endpoints.flatMap(({ ip, ip6 }) => [ip, ip6]).filter((ip) => ip !== ""), extraHosts, ...(onHost && { base: ctx.host.hostsFile() }) });
}

/** Text of /etc/resolv.conf. */
export function resolvText(ctx: EngineContext, { hostConfig }: ContainerRecord, endpoints: readonly Endpoint[]): string {
  const { Dns: dns, DnsSearch: search, DnsOptions: options, NetworkMode: mode } = hostConfig;
  return resolvConf({ hostFile: ctx.host.resolvConf(), dns: dns ?? [], search: search ?? [], options: options ?? [], hostNetwork: mode === "host", ...(endpoints.some(({ resolver }) => resolver !== "") && { resolver: RESOLVER_ADDRESS }) });
}

/** -v makes a missing host folder; root's, 0755. Resolves whatever the outcome: the mount says what is wrong. */
export function makeBindSources(record: ContainerRecord): Promise<unknown> {
  const missing = record.mounts.filter(({ type, createSource }) => type === "bind" && createSource);
  return Promise.all(missing.map(({ source }) => new Promise((resolve) => mkdirCallback(source, { recursive: true, mode: 0o755 }, resolve))));
}

/** A socket or nothing is in it: not worth a thread. What another runtime keeps of the container is taken back by that one first. */
export async function removeRunDir(ctx: EngineContext, id: string): Promise<void> {
  await ctx.runtime.forget(runSocket(ctx.paths, id))?.catch((error: unknown) => ctx.log(`container ${id}: ${messageOf(error)}, ignoring: its run folder goes all the same`));
  rmSync(runDir(ctx.paths, id), { recursive: true, force: true });
}
