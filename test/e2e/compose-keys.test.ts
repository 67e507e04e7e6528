/**
 * Every key of a service ends up in its container as docker-compose has it: both make containers from one file on one engine, ours always, Docker's
 * where DOCKER_PEER names one.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import oracle from "../compose/oracle/compose-spec.json";
import { DOCKER_COMPOSE, dockerCompose } from "../docker-compose.ts";
import { busyboxTar } from "../images.ts";
import { HAKO, run, startEngine, type TestEngine } from "../harness.ts";
import { scratchFolder } from "../scratch.ts";

setDefaultTimeout(120_000);

const PREFIX = "hakokeys";
const IMAGE = `${PREFIX}:test`;

/** What is said of one service by each key; keys that need each other stand together. */
const SERVICES: Readonly<Record<string, Record<string, unknown>>> = {
  plain: {},
  annotations: { annotations: { "org.example.a": "1" } },
  attached: { attach: false, stdin_open: true, tty: true },
  blkio: { blkio_config: { weight: 300, weight_device: [{ path: "/dev/null", weight: 400 }], device_read_bps: [{ path: "/dev/null", rate: "12mb" }], device_write_iops: [{ path: "/dev/null", rate: 120 }], device_read_iops: [{ path: "/dev/null", rate: 110 }], device_write_bps: [{ path: "/dev/null", rate: 1024 }] } },
  caps: { cap_add: ["NET_ADMIN", "SYS_TIME"], cap_drop: ["ALL"], privileged: false, security_opt: ["no-new-privileges:true", "label=disable"] },
  cgroups: { cgroup: "private", cgroup_parent: "/hako-keys" },
  command: { command: 'sh -c "echo two words"', entrypoint: ["/bin/env", "-u", "X"] },
  commandOff: { command: [], entrypoint: "" },
  configs: { configs: [{ source: "text", target: "/etc/text", mode: 0o440 }, "file"], secrets: ["token", { source: "token", target: "other" }] },
  cpus: { cpu_count: 0, cpu_percent: 0, cpu_shares: 512, cpu_period: 50_000, cpu_quota: 25_000, cpuset: "0" },
  cpusPlain: { cpus: 0.5 },
  dependent: { depends_on: { plain: { condition: "service_started", restart: true, required: false }, tmpfs: { condition: "service_started" } } },
  deployed: { deploy: { mode: "replicated", labels: { d: "1" }, resources: { limits: { cpus: "0.25", memory: "64M", pids: 50 }, reservations: { memory: "32M", cpus: "0.1" } }, restart_policy: { condition: "on-failure", max_attempts: 3 } } },
  devices: { devices: ["/dev/null:/dev/xnull:rw", "/dev/zero"], device_cgroup_rules: ["c 1:3 mr"] },
  dns: { dns: ["10.9.8.7", "10.9.8.6"], dns_opt: ["ndots:2"], dns_search: ["example.org", "a.example"] },
  dnsOne: { dns: "10.9.8.7", dns_search: "example.org" },
  domain: { domainname: "example.org", hostname: "hosty", extra_hosts: ["one:10.0.0.1", "two=10.0.0.2", "six:::1"] },
  environment: { environment: { A: "1", B: "", NUMBER: 5, YES: true }, env_file: [{ path: "./vars.env", required: true }, { path: "./missing.env", required: false }] },
  environmentList: { environment: ["A=1", "B", "C=x=y"] },
  // docker-compose hands ranges, and ports without a protocol, on as they are.
  expose: { expose: ["3000/tcp", "8000/udp"], ports: ["127.0.0.1::80", { target: 90, protocol: "udp", published: "", mode: "ingress" }, "9100-9101"] },
  groups: { group_add: ["audio", 2000], user: "1000:1000", userns_mode: "host" },
  healthcheck: { healthcheck: { test: "true || false", interval: "1m30s", timeout: "5s", retries: 4, start_period: "3s", start_interval: "500ms" } },
  healthOff: { healthcheck: { disable: true } },
  healthList: { healthcheck: { test: ["CMD", "true"], interval: "10s" } },
  init: { init: true, ipc: "shareable", isolation: "default" },
  labels: { labels: { a: "1", "b.c": "two words" }, label_file: ["./some.labels"] },
  labelList: { labels: ["x=1", "y"] },
  linked: { links: ["plain:other", "tmpfs"], external_links: [] },
  logging: { logging: { driver: "json-file", options: { "max-size": "1m", "max-file": "3" } } },
  mac: { mac_address: "02:42:ac:11:65:43" },
  memory: { mem_limit: "128m", mem_reservation: "64m", memswap_limit: "256m", mem_swappiness: 10, oom_kill_disable: false, oom_score_adj: 100, pids_limit: 77 },
  named: { container_name: `${PREFIX}-of-its-own`, working_dir: "/tmp" },
  networks: { networks: { front: { aliases: ["eff", "ess"], ipv4_address: "10.213.7.9", priority: 10, mac_address: "02:42:0a:d5:07:09", driver_opts: { x: "y" } }, back: { gw_priority: 5 } } },
  networkNone: { network_mode: "none" },
  networkHost: { network_mode: "host" },
  networkOther: { network_mode: "service:plain", pid: "service:plain", ipc: "service:init" },
  pidHost: { pid: "host", uts: "host" },
  platform: { platform: "linux/amd64", pull_policy: "never" },
  privileged: { privileged: true },
  readOnly: { read_only: true, shm_size: "128m", stop_signal: "SIGUSR1", stop_grace_period: "1m10s" },
  restartAlways: { restart: "always" },
  restartFailure: { restart: "on-failure:4" },
  restartNo: { restart: "no" },
  scaled: { scale: 2 },
  sysctls: { sysctls: { "net.core.somaxconn": 1024, "net.ipv4.tcp_syncookies": 0 } },
  sysctlList: { sysctls: ["net.core.somaxconn=512"] },
  tmpfs: { tmpfs: ["/run:size=1m,mode=755", "/tmp"] },
  tmpfsOne: { tmpfs: "/run" },
  ulimits: { ulimits: { nproc: 65_535, nofile: { soft: 2000, hard: 4000 } } },
  volumes: {
    volumes: [
      "./bound:/bound:ro", "data:/data", "/anonymous", "data:/nocopy:nocopy",
      { type: "bind", source: "./made", target: "/made", bind: { create_host_path: true, propagation: "rprivate" } },
      { type: "volume", source: "data", target: "/long", read_only: true, volume: { nocopy: true, subpath: "sub" } },
      { type: "tmpfs", target: "/mem", tmpfs: { size: "2m", mode: 0o1770 } },
    ],
  },
  // docker-compose forgets `:ro` here.
  volumesFrom: { volumes_from: ["volumes", "plain"] },
};

/** Keys that say nothing of a container: where it comes from, when it is made, what happens to it. And those that no engine here takes. */
const ELSEWHERE = new Map<string, string>([
  ...["build", "image", "profiles", "extends", "develop", "post_start", "pre_start", "pre_stop", "pull_refresh_after", "provider", "models", "use_api_socket"].map((key) => [key, "no part of the container"] as const),
  ["credential_spec", "Windows"], ["cpu_rt_period", "needs a kernel for real time"], ["cpu_rt_runtime", "needs a kernel for real time"],
  ["gpus", "needs a GPU"], ["runtime", "which there are is each engine's own"], ["storage_opt", "needs a file system with quotas"], ["oom_kill_disable", "said of memory"],
]);

let folder: string;
beforeAll(async () => {
  folder = scratchFolder();
  for (const name of ["bound"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "vars.env"), "FROM_FILE=1\nA=file\nQUOTED='a b'\n");
  writeFileSync(join(folder, "some.labels"), "from.file=1\n");
  writeFileSync(join(folder, "motd"), "hello");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("every key of the schema is tried, or said to be none of a container", () => {
  const tried = new Set(Object.values(SERVICES).flatMap((service) => Object.keys(service)));
  expect(Object.keys(oracle.definitions.service.properties).filter((key) => !tried.has(key) && !ELSEWHERE.has(key))).toEqual([]);
});

interface Inspect {
  readonly Id: string;
  readonly Name: string;
  readonly [key: string]: unknown;
}

const PASSING = new Set(["Id", "Created", "State", "ResolvConfPath", "HostnamePath", "HostsPath", "LogPath", "GraphDriver", "Storage", "SandboxID", "SandboxKey", "EndpointID", "NetworkID", "IPAddress", "ProcessLabel", "AppArmorProfile", "ImageManifestDescriptor"]);
/** Of the tool, and not of the container. */
const TOOLS_OWN = new Set(["com.docker.compose.version", "com.docker.compose.config-hash"]);

/** Without what is another for every container: ids, times, addresses that were given, names of volumes without one. */
function normal(value: unknown, ids: ReadonlyMap<string, string>, key = ""): unknown {
  if (key === "com.docker.compose.depends_on") return String(value).split(",").sort().join(",");
  if (typeof value === "string") return value.replace(/[0-9a-f]{64}|\b[0-9a-f]{12}\b/g, (id) => ids.get(id) ?? "ID");
  if (Array.isArray(value)) {
    const items = value.map((item) => normal(item, ids));
    return ["Mounts", "Binds", "Env", "DNSNames", "Aliases", "CapAdd", "ExtraHosts", "Ulimits"].includes(key) ? items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : items;
  }
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).filter(([name]) => !PASSING.has(name) && !TOOLS_OWN.has(name));
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, item]) => [normal(name, ids), normal(item, ids, name)]));
}

const PEER = process.env["DOCKER_PEER"];
/** With files of this machine, which another engine may not see. */
const NEED_FILES = new Set(["configs", "volumes", "volumesFrom"]);

describe.skipIf(!DOCKER_COMPOSE).each([["our engine", undefined], ...(PEER ? [["Docker", PEER] as const] : [])])("on %s", (_, peer) => {
  let engine: TestEngine | undefined;
  let host = peer ?? "";
  let files: string[] = [];
  const ours: Map<string, unknown> = new Map();
  const theirs: Map<string, unknown> = new Map();

  beforeAll(async () => {
    if (!peer) {
      engine = await startEngine({ busybox: false });
      host = engine.host;
    }
    await run([HAKO, "-H", host, "import", "-c", 'CMD ["sleep", "1000"]', await busyboxTar(), IMAGE]);
    const file = join(folder, "compose.json");
    const services = Object.fromEntries(Object.entries(SERVICES).filter(([name]) => !peer || !NEED_FILES.has(name)).map(([name, service]) => [name, { image: IMAGE, ...service }]));
    writeFileSync(file, JSON.stringify({
      name: PREFIX, services,
      networks: { front: { ipam: { config: [{ subnet: "10.213.7.0/24" }] } }, back: { internal: true } },
      volumes: { data: {} },
      configs: { text: { content: "some text" }, file: { file: "./motd" } },
      secrets: { token: { file: "./motd" } },
    }));
    files = ["-f", file];
    await compare();
  }, 180_000);
  afterAll(async () => {
    if (peer) await run([HAKO, "-H", host, "rmi", "-f", IMAGE]);
    await engine?.[Symbol.asyncDispose]();
  });

  async function compare(): Promise<void> {
    const hako = (...args: string[]) => run([HAKO, "-H", host, "compose", ...files, ...args], { timeoutMs: 90_000 });
    const real = (...args: string[]) => dockerCompose({ host }, [...files, ...args], { timeoutMs: 90_000 });
    for (const [tool, into] of [[hako, ours], [real, theirs]] as const) {
      try {
        const made = await tool("up", "--no-start");
        if (made.code !== 0) throw new Error(made.stderr);
        for (const [name, container] of await inspected()) into.set(name, container);
      } finally {
        await tool("down", "-v", "-t", "0");
      }
    }
  }

  async function inspected(): Promise<Map<string, unknown>> {
    const hako = (...args: string[]) => run([HAKO, "-H", host, ...args]);
    const ids = (await hako("ps", "-aq", "--no-trunc", "--filter", `label=com.docker.compose.project=${PREFIX}`)).stdout.trim().split("\n");
    const all = JSON.parse((await hako("inspect", ...ids)).stdout) as Inspect[];
    const names = new Map(all.flatMap(({ Id, Name }) => [[Id, Name], [Id.slice(0, 12), Name]] as const));
    return new Map(all.map((container) => [container.Name.slice(1), normal(container, names)]));
  }

  test("the same containers are made", () => {
    expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
  });

  test.each(Object.keys(SERVICES).filter((name) => !peer || !NEED_FILES.has(name)))("%s", (service) => {
    const name = service === "named" ? `${PREFIX}-of-its-own` : `${PREFIX}-${service}-1`;
    expect(ours.get(name)).toEqual(theirs.get(name));
    expect(ours.has(name)).toBe(true);
  });
});
