import { boolean, choice, flag, integer, list, map, named, number, oneOf, options, pairs, scalar, set, string, strings, stringOrStrings, type Shape } from "./shape.ts";

export const command = choice(scalar("null"), string, list(string));
export const hosts = choice(named(/./, choice(string, list(string))), strings);
export const fileMounts = list(choice(string, map({ source: string, target: string, uid: string, gid: string, mode: number })));
export const ulimits = named(/^[a-z]+$/, choice(integer, map({ hard: integer, soft: integer }, { required: ["soft", "hard"] })), { open: true });

export const hook = map({ command, user: string, privileged: flag, working_dir: string, environment: pairs }, { required: ["command"] });

const buildKeys = map({
  context: string,
  dockerfile: string,
  dockerfile_inline: string,
  entitlements: list(string),
  args: pairs,
  ssh: pairs,
  labels: pairs,
  cache_from: list(string),
  cache_to: list(string),
  no_cache: flag,
  additional_contexts: pairs,
  network: string,
  provenance: scalar("string boolean"),
  sbom: scalar("string boolean"),
  pull: flag,
  target: string,
  shm_size: integer,
  extra_hosts: hosts,
  isolation: string,
  privileged: flag,
  secrets: fileMounts,
  tags: list(string),
  ulimits,
  platforms: list(string),
});

export const build = choice(string, buildKeys);

const trigger = map(
  {
    ignore: stringOrStrings,
    include: stringOrStrings,
    path: string,
    action: oneOf("rebuild", "sync", "restart", "sync+restart", "sync+exec"),
    target: string,
    exec: hook,
    initial_sync: boolean,
  },
  { required: ["path", "action"] },
);

export const develop = map({ watch: list(trigger) }, { nullable: true });

const update = map({ parallelism: integer, delay: string, failure_action: string, monitor: string, max_failure_ratio: number, order: oneOf("start-first", "stop-first") });

const deviceKeys: Readonly<Record<string, Shape>> = { capabilities: strings, count: integer, device_ids: strings, driver: string, options: pairs };

export const deploy = map(
  {
    mode: string,
    endpoint_mode: string,
    replicas: integer,
    labels: pairs,
    rollback_config: update,
    update_config: update,
    resources: map({
      limits: map({ cpus: number, memory: string, pids: integer }),
      reservations: map({
        cpus: number,
        memory: string,
        generic_resources: list(map({ discrete_resource_spec: map({ kind: string, value: number }) })),
        devices: list(map(deviceKeys, { required: ["capabilities"] })),
      }),
    }),
    restart_policy: map({ condition: string, delay: string, max_attempts: integer, window: string }),
    placement: map({ constraints: list(string), preferences: list(map({ spread: string })), max_replicas_per_node: integer }),
  },
  { nullable: true },
);

/** The specification asks for no other keys here, and refuses none. */
export const gpus = choice(oneOf("all"), list(map(deviceKeys, { open: true })));

const limit = map({ path: string, rate: integer }, { extensible: false });

export const blkio = map(
  {
    device_read_bps: list(limit),
    device_read_iops: list(limit),
    device_write_bps: list(limit),
    device_write_iops: list(limit),
    weight: integer,
    weight_device: list(map({ path: string, weight: integer }, { extensible: false })),
  },
  { extensible: false },
);

export const healthcheck = map({
  disable: flag,
  interval: string,
  retries: number,
  test: choice(string, list(string)),
  timeout: string,
  start_period: string,
  start_interval: string,
});

export const attachment = map(
  {
    aliases: strings,
    interface_name: string,
    ipv4_address: string,
    ipv6_address: string,
    link_local_ips: strings,
    mac_address: string,
    driver_opts: options,
    priority: scalar("number"),
    gw_priority: scalar("number"),
  },
  { nullable: true },
);

const portKeys = map({ name: string, mode: string, host_ip: string, target: integer, published: scalar("string integer"), protocol: string, app_protocol: string });
export const ports = set(choice(scalar("number"), string, portKeys));

const mountKeys = map(
  {
    type: oneOf("bind", "volume", "tmpfs", "cluster", "npipe", "image"),
    source: string,
    target: string,
    read_only: flag,
    consistency: string,
    bind: map({ propagation: string, create_host_path: flag, recursive: oneOf("enabled", "disabled", "writable", "readonly"), selinux: oneOf("z", "Z") }),
    volume: map({ labels: pairs, nocopy: flag, subpath: string }),
    tmpfs: map({ size: choice(scalar("integer", { least: 0 }), string), mode: number }),
    image: map({ subpath: string }),
  },
  { required: ["type"] },
);
export const mounts = set(choice(string, mountKeys));

export const envFile = choice(string, list(choice(string, map({ path: string, format: string, required: flag }, { required: ["path"], extensible: false }))));
