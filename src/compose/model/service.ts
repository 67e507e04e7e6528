import { BUILD, FILE_MOUNT, ULIMITS } from "./build.ts";
import { BLKIO, DEPLOY, DEVICE_REQUEST, LOGGING, PROVIDER_OPTIONS } from "./deploy.ts";
import { list, nullable, record, struct, type Field, type TypeOf } from "./field.ts";
import { command, duration, flag, healthTest, hosts, integer, keptFlag, keptInteger, keptText, labels, number, size, sizeOrUnlimited, text, variables } from "./scalars.ts";

/** Something run in a container at a moment of its life. */
export const HOOK = struct({ command, user: text, privileged: flag, working_dir: text, environment: variables });
export type Hook = TypeOf<typeof HOOK>;

const WATCH_EXEC = struct({ command, user: text, privileged: flag, working_dir: text, environment: variables }, { omitEmpty: true });

const TRIGGER = struct({ path: keptText, action: keptText, target: text, exec: WATCH_EXEC, include: list(keptText), ignore: list(keptText), initial_sync: flag });
export type WatchTrigger = TypeOf<typeof TRIGGER>;

const DEPENDENCY = struct({ condition: text, restart: flag, required: keptFlag });
export type Dependency = TypeOf<typeof DEPENDENCY>;

const ENV_FILE_LONG = struct({ path: text, required: keptFlag, format: text });
export type EnvFile = TypeOf<typeof ENV_FILE_LONG>;

/** One that must be there is written as its path alone. */
const ENV_FILE: Field<EnvFile> = {
  decode: ENV_FILE_LONG.decode,
  write: (file, format) => {
    if (file.required) return file.path ?? "";
    const { format: parser, ...shown } = file;
    return ENV_FILE_LONG.write(format === "json" && parser !== undefined ? file : shown, format);
  },
};

const HEALTHCHECK = struct({ test: healthTest, timeout: duration, interval: duration, retries: keptInteger, start_period: duration, start_interval: duration, disable: flag });
export type Healthcheck = TypeOf<typeof HEALTHCHECK>;

const ATTACHMENT = struct({
  aliases: list(keptText),
  driver_opts: labels,
  gw_priority: integer,
  interface_name: text,
  ipv4_address: text,
  ipv6_address: text,
  link_local_ips: list(keptText),
  mac_address: text,
  priority: integer,
});
/** How a service is attached to a network. */
export type Attachment = TypeOf<typeof ATTACHMENT>;

const PORT = struct({ name: text, mode: text, host_ip: text, target: integer, published: text, protocol: text, app_protocol: text });
export type Port = TypeOf<typeof PORT>;

const MOUNT = struct({
  type: text,
  source: text,
  target: text,
  read_only: flag,
  consistency: text,
  bind: struct({ selinux: text, propagation: text, create_host_path: flag, recursive: text }),
  volume: struct({ labels, nocopy: flag, subpath: text }),
  tmpfs: struct({ size, mode: integer }),
  image: struct({ subpath: text }),
});
export type Mount = TypeOf<typeof MOUNT>;

/** The keys of a service, in the order in which docker-compose writes them and hashes them. */
export const SERVICE = struct({
  profiles: list(keptText),
  annotations: labels,
  attach: keptFlag,
  build: BUILD,
  develop: struct({ watch: list(TRIGGER) }),
  blkio_config: BLKIO,
  cap_add: list(keptText),
  cap_drop: list(keptText),
  cgroup_parent: text,
  cgroup: text,
  cpu_count: integer,
  cpu_percent: number,
  cpu_period: integer,
  cpu_quota: integer,
  cpu_rt_period: integer,
  cpu_rt_runtime: integer,
  cpus: number,
  cpuset: text,
  cpu_shares: integer,
  command,
  configs: list(FILE_MOUNT),
  container_name: text,
  credential_spec: struct({ config: text, file: text, registry: text }),
  depends_on: record(DEPENDENCY),
  deploy: DEPLOY,
  device_cgroup_rules: list(keptText),
  devices: list(struct({ source: text, target: text, permissions: text })),
  dns: list(keptText),
  dns_opt: list(keptText),
  dns_search: list(keptText),
  domainname: text,
  entrypoint: command,
  provider: struct({ type: text, options: PROVIDER_OPTIONS }),
  environment: variables,
  env_file: list(ENV_FILE),
  expose: list(keptText),
  extends: struct({ file: text, service: text }),
  external_links: list(keptText),
  extra_hosts: hosts,
  group_add: list(keptText),
  gpus: list(DEVICE_REQUEST),
  hostname: text,
  healthcheck: HEALTHCHECK,
  image: text,
  init: keptFlag,
  ipc: text,
  isolation: text,
  labels,
  label_file: list(keptText),
  links: list(keptText),
  logging: LOGGING,
  mem_limit: size,
  mem_reservation: size,
  memswap_limit: sizeOrUnlimited,
  mem_swappiness: size,
  mac_address: text,
  models: record(nullable(struct({ endpoint_var: text, model_var: text }))),
  network_mode: text,
  networks: record(nullable(ATTACHMENT)),
  oom_kill_disable: flag,
  oom_score_adj: integer,
  pid: text,
  pids_limit: integer,
  platform: text,
  ports: list(PORT),
  privileged: flag,
  pull_policy: text,
  read_only: flag,
  restart: text,
  runtime: text,
  scale: keptInteger,
  secrets: list(FILE_MOUNT),
  security_opt: list(keptText),
  shm_size: size,
  stdin_open: flag,
  stop_grace_period: duration,
  stop_signal: text,
  storage_opt: labels,
  sysctls: labels,
  tmpfs: list(keptText),
  tty: flag,
  ulimits: ULIMITS,
  use_api_socket: flag,
  user: text,
  userns_mode: text,
  uts: text,
  volumes: list(MOUNT),
  volumes_from: list(keptText),
  working_dir: text,
  post_start: list(HOOK),
  pre_stop: list(HOOK),
});

/** A service as it was written, with every short form written out and every default filled in. */
export type Service = TypeOf<typeof SERVICE>;
