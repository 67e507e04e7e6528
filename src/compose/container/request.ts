import type { ContainerCreateRequest, HostConfig, PortBinding, RestartPolicy } from "../../spec/mod.ts";
import { COMPOSE_VERSION, LABELS } from "../labels.ts";
import type { Service } from "../model/project.ts";
import type { Healthcheck } from "../model/service.ts";
import { mounts } from "./mounts.ts";
import { networking } from "./networking.ts";
import type { Place } from "./place.ts";
import { compact, resources } from "./resources.ts";

const NANOSECONDS = 1e9;

/** What POST /containers/create is told of a container of a service. @throws ComposeError */
export function containerRequest(place: Place): ContainerCreateRequest {
  const { service, interactive } = place;
  const { mode, config } = networking(place);
  return compact<ContainerCreateRequest>({
    Hostname: service.hostname,
    Domainname: service.domainname,
    User: service.user,
    AttachStdin: interactive,
    AttachStdout: true,
    AttachStderr: true,
    ExposedPorts: exposedPorts(service),
    Tty: service.tty,
    OpenStdin: service.stdin_open,
    StdinOnce: interactive && service.stdin_open === true,
    Env: Object.entries(service.environment ?? {}).map(([name, value]) => (value === null ? name : `${name}=${value}`)),
    Cmd: service.command && [...service.command],
    Healthcheck: service.healthcheck && healthcheck(service.healthcheck),
    Image: place.image,
    WorkingDir: service.working_dir,
    Entrypoint: service.entrypoint && [...service.entrypoint],
    MacAddress: config ? undefined : service.mac_address,
    Labels: labels(place),
    StopSignal: service.stop_signal,
    StopTimeout: service.stop_grace_period === undefined ? undefined : Math.ceil(service.stop_grace_period / NANOSECONDS),
    HostConfig: hostConfig(place, mode),
    NetworkingConfig: config,
  });
}

function hostConfig(place: Place, networkMode: string): HostConfig {
  const { service } = place;
  return {
    ...resources(service),
    ...compact<HostConfig>({
      AutoRemove: place.autoRemove,
      Annotations: service.annotations,
      ...mounts(place),
      CapAdd: service.cap_add && capabilities(service.cap_add),
      CapDrop: service.cap_drop && capabilities(service.cap_drop),
      NetworkMode: networkMode,
      Init: service.init,
      IpcMode: service.ipc && place.shared("ipc", service.ipc),
      CgroupnsMode: service.cgroup,
      PidMode: service.pid && place.shared("pid", service.pid),
      UTSMode: service.uts,
      UsernsMode: service.userns_mode,
      ReadonlyRootfs: service.read_only,
      RestartPolicy: restartPolicy(service),
      Sysctls: service.sysctls,
      PortBindings: portBindings(service),
      VolumesFrom: service.volumes_from && place.volumesFrom(),
      Dns: service.dns && [...service.dns],
      DnsSearch: service.dns_search && [...service.dns_search],
      DnsOptions: service.dns_opt && [...service.dns_opt],
      ExtraHosts: Object.entries(service.extra_hosts ?? {}).flatMap(([host, addresses]) => addresses.map((address) => `${host}:${address}`)),
      SecurityOpt: service.security_opt && [...service.security_opt],
      StorageOpt: service.storage_opt,
      Privileged: service.privileged,
      Tmpfs: service.tmpfs && Object.fromEntries(service.tmpfs.map(tmpfs)),
      Isolation: service.isolation,
      Runtime: service.runtime,
      GroupAdd: service.group_add && [...service.group_add],
      LogConfig: service.logging && { Type: service.logging.driver ?? "", Config: service.logging.options ?? {} },
    }),
  };
}

/** What docker-compose knows the container by. */
function labels({ project, service, number, imageID, configHash, labels: more }: Place): Record<string, string> {
  const dependencies = Object.entries(service.depends_on ?? {}).map(([name, { condition = "service_started", restart = false }]) => `${name}:${condition}:${restart}`);
  return {
    ...service.labels,
    [LABELS.configHash]: configHash,
    // One of `run` is none of the service's own: it has no number.
    ...(more[LABELS.oneoff] === undefined && { [LABELS.containerNumber]: String(number) }),
    [LABELS.dependencies]: dependencies.join(","),
    [LABELS.image]: imageID,
    [LABELS.oneoff]: "False",
    [LABELS.project]: project.name,
    [LABELS.configFiles]: project.composeFiles.join(","),
    [LABELS.workingDir]: project.workingDir,
    ...(project.envFiles.length > 0 && { [LABELS.environmentFile]: project.envFiles.join(",") }),
    [LABELS.service]: service.name,
    [LABELS.version]: COMPOSE_VERSION,
    ...more,
  };
}

/** As the engine names them. */
const capabilities = (names: readonly string[]): string[] => [...new Set(names.map((name) => (/^(?:ALL|CAP_.*)$/i.test(name) ? name.toUpperCase() : `CAP_${name.toUpperCase()}`)))].sort();

function exposedPorts({ ports = [], expose = [] }: Service): Record<string, Record<string, unknown>> | undefined {
  if (ports.length === 0 && expose.length === 0) return undefined;

  const named = expose.flatMap((port) => (port.includes("-") ? rangeOf(port) : [port.includes("/") ? port : `${port}/tcp`]));
  return Object.fromEntries([...named, ...ports.map(({ target = 0, protocol = "tcp" }) => `${target}/${protocol}`)].map((port) => [port, {}]));
}

function rangeOf(text: string): string[] {
  const [range = "", protocol = "tcp"] = text.split("/");
  const [first = 0, last = 0] = range.split("-").map(Number);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => `${first + index}/${protocol}`);
}

function portBindings({ ports = [] }: Service): Record<string, PortBinding[]> {
  const bindings: Record<string, PortBinding[]> = {};
  for (const { target = 0, protocol = "tcp", host_ip = "", published = "" } of ports) (bindings[`${target}/${protocol}`] ??= []).push({ HostIp: host_ip, HostPort: published });
  return bindings;
}

function healthcheck({ disable, test, interval, timeout, start_period, start_interval, retries }: Healthcheck): NonNullable<ContainerCreateRequest["Healthcheck"]> {
  if (disable) return { Test: ["NONE"] };
  return { ...(test && { Test: [...test] }), ...(interval !== undefined && { Interval: interval }), ...(timeout !== undefined && { Timeout: timeout }), ...(start_period !== undefined && { StartPeriod: start_period }), ...(start_interval !== undefined && { StartInterval: start_interval }), ...(retries !== undefined && { Retries: retries }) };
}

function restartPolicy({ restart, deploy }: Service): RestartPolicy | undefined {
  if (restart !== undefined) {
    const [name = "no", retries] = restart.split(":");
    return { Name: name, ...(retries !== undefined && { MaximumRetryCount: Number(retries) }) };
  }
  const policy = deploy?.restart_policy;
  if (!policy) return undefined;
  const name = policy.condition === "none" ? "no" : policy.condition === "on-failure" ? "on-failure" : "always";
  return { Name: name, ...(policy.max_attempts !== undefined && name === "on-failure" && { MaximumRetryCount: policy.max_attempts }) };
}

function tmpfs(text: string): [string, string] {
  const at = text.indexOf(":");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
