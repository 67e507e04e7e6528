import type { EngineDefaults } from "./defaults.ts";
import type { ContainerRecord } from "./record.ts";

/**
 * The record as its processes see it: what neither the request nor the container says is as the operator set it. Not kept: a
 * container that is started again has the settings of then.
 */
export function withDefaults<Record extends Pick<ContainerRecord, "hostConfig">>(record: Record, defaults: EngineDefaults): Record {
  const { hostConfig } = record;
  const orDefault = (own: readonly string[] | null | undefined, fallback: readonly string[]): string[] => [...(own?.length ? own : fallback)];
  return {
    ...record,
    hostConfig: {
      ...hostConfig,
      Init: hostConfig.Init ?? defaults.init,
      SecurityOpt: securityOptions(hostConfig, defaults),
      Dns: orDefault(hostConfig.Dns, defaults.dns),
      DnsOptions: orDefault(hostConfig.DnsOptions, defaults.dnsOptions),
      DnsSearch: orDefault(hostConfig.DnsSearch, defaults.dnsSearch),
    },
  };
}

function securityOptions({ SecurityOpt, Privileged: privileged }: ContainerRecord["hostConfig"], { noNewPrivileges, seccomp }: EngineDefaults): string[] {
  const own = SecurityOpt ?? [];
  const says = (name: string): boolean => own.some((option) => option === name || option.startsWith(`${name}=`) || option.startsWith(`${name}:`));
  return [
    ...own,
    ...(noNewPrivileges && !says("no-new-privileges") ? ["no-new-privileges"] : []),
    ...(seccomp.kind === "builtin" || privileged || says("seccomp") ? [] : [seccomp.kind === "unconfined" ? "seccomp=unconfined" : `seccomp=${seccomp.json}`]),
  ];
}
