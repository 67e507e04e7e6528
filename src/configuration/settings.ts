import { plainValue } from "./json-document.ts";
import { ANYTHING, BOOL, BOOL_MAP, BYTES, INTEGER, integer, IP_LIST, list, oneOf, requireCIDR, requireCIDRIPv6, requireIP, STRING_MAP, text } from "./kinds.ts";
import { bindAddress, requireDomain, requireExecOption, requireGateway, requireGatewayIPv6, requireLabel, requireMirror } from "./checks.ts";
import { ignored, refused, setting, unless } from "./setting.ts";
import { listMap, POOLS, runtimeMap, ULIMIT_MAP } from "./structured-kinds.ts";

const NO_CONTAINERD = "there is no containerd here, images and containers are the engine's own";
const NO_SWARM = "there is no swarm here";
const NO_PROXY_PROGRAM = "the engine itself passes on what the kernel cannot lead to a container";
const NO_REMAP = "user namespaces cannot be remapped yet";
const LIMITED = "there is no real-time limit for the parent of all containers";

/**
 * Every key of daemon.json that dockerd 28 knows, and the engine's own. Parser, flags, checks, help and
 * docs/daemon-json.md come from this table.
 */
export const SETTINGS = {
  // Where things are
  "data-root": setting(text(), "Folder of images and containers", { flag: {}, default: '"/var/lib/hako"' }),
  "exec-root": setting(text(), "Folder of sockets and other things that do not outlive a boot", { flag: {}, default: '"/run/hako"' }),
  "run-root": setting(text(), "The same as exec-root", { flag: {}, note: "The engine's own name for exec-root; give one of the two." }),
  pidfile: setting(text(), "File for the number of the engine's process", { flag: { short: "p" } }),
  table: setting(text(), "Name of the nftables table", { flag: {}, default: '"hako"', note: "The engine's own; dockerd has none." }),
  "cgroup-parent": setting(text(), "Cgroup of all containers", { flag: {}, default: '"hako"' }),

  // Listening
  hosts: setting(list(bindAddress), "Where to listen: unix://, tcp:// or fd:// (default: hako.sock in the run root)", { flag: { name: "host", short: "H" } }),
  group: setting(text(), "Group of the unix socket", { flag: { short: "G" }, default: '"docker"' }),
  tls: setting(BOOL, "Use TLS; implied by --tlsverify", { flag: {}, note: "`false` also says that a TCP address without TLS is meant." }),
  tlsverify: setting(BOOL, "Use TLS and let in only clients with a certificate of the CA", { flag: {}, note: "Whatever its value, TLS is on when it is given, as with dockerd; `false` alone lets in clients without a certificate." }),
  tlscacert: setting(text(), "Certificates of clients must be signed by this CA", { flag: {}, default: '"~/.docker/ca.pem"' }),
  tlscert: setting(text(), "The engine's certificate", { flag: {}, default: '"~/.docker/cert.pem"' }),
  tlskey: setting(text(), "The key of the engine's certificate", { flag: {}, default: '"~/.docker/key.pem"' }),
  "authorization-plugins": setting(list(), "Authorization plugins to load", { flag: { name: "authorization-plugin" }, ...refused("there are no authorization plugins, and without them everyone on the socket may do everything") }),

  // The engine's own log
  debug: setting(BOOL, "Log more", { flag: { short: "D" }, reloads: true }),
  "log-level": setting(text(oneOf((value) => `invalid logging level: ${value}`, "trace", "debug", "info", "warn", "warning", "error", "fatal", "panic")), "Least severe level that is logged (debug, info, warn, error, fatal)", { flag: { short: "l" }, default: '"info"' }),
  "log-format": setting(text(oneOf((value) => `invalid log format: ${value}`, "", "text", "json")), "Format of the engine's own log (text, json)", { flag: {}, default: '"text"' }),
  "raw-logs": setting(BOOL, "Full timestamps without colours", { flag: {}, note: "The log is always so." }),

  // Defaults of containers
  "default-runtime": setting(text(), "OCI runtime of containers that name none", { flag: {}, default: '"runc"', reloads: true }),
  runtimes: setting(runtimeMap(plainValue), "Further OCI runtimes by name", { flag: { name: "add-runtime" }, reloads: true }),
  "default-ulimits": setting(ULIMIT_MAP, "Ulimits of containers that do not set them", { flag: { name: "default-ulimit" } }),
  "default-shm-size": setting(BYTES, "Size of /dev/shm", { flag: {}, default: "64MiB", reloads: true }),
  "default-ipc-mode": setting(text(oneOf((value) => `IPC mode ${JSON.stringify(value)} is not supported as default value; use "shareable" or "private"`, "private", "shareable")), 'IPC namespace ("shareable" | "private")', { flag: {}, default: '"private"', reloads: true }),
  "default-cgroupns-mode": setting(text(oneOf((value) => `invalid default cgroup namespace (${value}): use "host" or "private"`, "host", "private")), 'Cgroup namespace ("host" | "private"); private with cgroup v2', { flag: {}, reloads: true }),
  init: setting(BOOL, "Run an init in containers that forwards signals and reaps processes", { flag: {} }),
  "init-path": setting(text(), "The init's program (default: the engine's own)", { flag: {} }),
  "no-new-privileges": setting(BOOL, "No set-user-ID in containers", { flag: {} }),
  "seccomp-profile": setting(text(), 'Path of a seccomp profile, "unconfined" or "builtin"', { flag: {}, default: '"builtin"' }),
  "selinux-enabled": setting(BOOL, "Label containers for SELinux", { flag: {}, ...refused("processes are not labelled for SELinux, so containers would be less confined than asked for") }),
  "userns-remap": setting(text(), "Run containers in a user namespace", { flag: {}, ...refused(NO_REMAP) }),
  "log-driver": setting(text(), "Log driver of containers that name none", { flag: {}, default: '"json-file"', note: "When none is named, logs are the engine's own, which is shown as json-file." }),
  "log-opts": setting(STRING_MAP, "Options of the default log driver", { flag: { name: "log-opt" } }),
  dns: setting(IP_LIST, "DNS servers", { flag: {} }),
  "dns-opts": setting(list(), "Options of the resolver", { flag: { name: "dns-opt" } }),
  "dns-search": setting(list(requireDomain), "Search domains", { flag: {} }),
  "host-gateway-ips": setting(list(requireIP), "What host-gateway stands for in --add-host (default: the bridge's address)", { flag: { name: "host-gateway-ip" } }),
  "host-gateway-ip": setting(text(requireIP), "One of host-gateway-ips", {}),
  "cdi-spec-dirs": setting(list(), "Folders of CDI specifications", { flag: { name: "cdi-spec-dir" } }),
  "exec-opts": setting(list(requireExecOption), "Options of the runtime", { flag: { name: "exec-opt" }, ...unless<readonly string[]>("ignored", "control groups are made directly (native.cgroupdriver=cgroupfs), not by systemd", (options) => options.every((option) => option.endsWith("=cgroupfs"))) }),
  "cpu-rt-period": setting(INTEGER, "Real-time period of the parent cgroup", { flag: {}, ...ignored(LIMITED) }),
  "cpu-rt-runtime": setting(INTEGER, "Real-time runtime of the parent cgroup", { flag: {}, ...ignored(LIMITED) }),

  // The default bridge
  bridge: setting(text(), "Name of the default bridge", { flag: { short: "b" }, default: '"hako0"', ...unless<string>("refused", "the engine always has its default bridge; run containers with --network none instead", (name) => name !== "none") }),
  bip: setting(text(requireGateway), "Address and prefix of the bridge (172.18.0.1/16)", { flag: {} }),
  bip6: setting(text(requireGatewayIPv6), "IPv6 address and prefix of the bridge", { flag: {} }),
  "fixed-cidr": setting(text(requireCIDR), "Range of the bridge's network that containers get addresses of", { flag: {} }),
  "fixed-cidr-v6": setting(text(requireCIDRIPv6), "IPv6 range of the bridge's network that containers get addresses of", { flag: {} }),
  "default-gateway": setting(text(requireIP), "Gateway of containers on the bridge, when it is not the bridge", { flag: {} }),
  "default-gateway-v6": setting(text(requireIP), "IPv6 gateway of containers on the bridge, when it is not the bridge", { flag: {} }),
  mtu: setting(integer(0, (value) => `invalid default MTU: ${value}`), "MTU of the bridge and its containers", { flag: {}, default: "1500" }),
  "default-address-pools": setting(POOLS, "Where the bridge's network is chosen from", { flag: { name: "default-address-pool" } }),
  "default-network-opts": setting(ANYTHING, "Options of new networks", { flag: { name: "default-network-opt" }, ...ignored("a network has the options that it is created with") }),
  icc: setting(BOOL, "Containers on the bridge reach each other", { flag: {}, default: "true" }),
  "ip-forward": setting(BOOL, "Turn IP forwarding on", { flag: {}, default: "true" }),
  "ip-forward-no-drop": setting(BOOL, "Leave the policy of forwarding alone", { flag: {}, note: "It is always left alone." }),
  "ip-masq": setting(BOOL, "Containers leave under the host's address", { flag: {}, default: "true" }),
  iptables: setting(BOOL, "Add rules to the firewall; they are nftables rules", { flag: {}, default: "true" }),
  ip6tables: setting(BOOL, "Add rules for IPv6", { flag: {}, default: "true", note: "`false`: every port of a container is reached over IPv6 by whoever has a route there." }),
  ipv6: setting(BOOL, "IPv6 on the default bridge", { flag: {}, default: "false" }),
  ip: setting(text(requireIP), "Address that ports are published on", { flag: {}, default: '"" (all)' }),
  "userland-proxy": setting(BOOL, "Publish IPv6 ports of containers that have no IPv6", { flag: {}, default: "true", note: "The engine passes their bytes on itself: no program is started." }),
  "userland-proxy-path": setting(text(), "That program's path", { flag: {}, ...ignored(NO_PROXY_PROGRAM) }),
  "allow-direct-routing": setting(BOOL, "Let other machines reach containers by their own addresses", { flag: {}, ...ignored("other machines reach what is published") }),
  "network-control-plane-mtu": setting(INTEGER, "MTU of the control plane", { flag: {}, ...unless<number>("ignored", NO_SWARM, (mtu) => mtu === 1500) }),
  "network-diagnostic-port": setting(INTEGER, "Port of the network's diagnostics", ignored("there is no such server")),
  "resolv-conf": setting(text(), "The host's resolv.conf", ignored("the host's own is used; dns, dns-opts and dns-search change it")),

  // Registries
  "registry-mirrors": setting(list(requireMirror), "Mirrors of Docker Hub", { flag: { name: "registry-mirror" }, reloads: true }),
  "registry-mirrors-of": setting(listMap(requireMirror), "Mirrors by registry; * for all but Docker Hub", { flag: { name: "registry-mirror-of" }, reloads: true, note: "The engine's own; dockerd has mirrors of Docker Hub only." }),
  "insecure-registries": setting(list(), "Registries that may do without TLS", { flag: { name: "insecure-registry" }, reloads: true }),
  "allow-nondistributable-artifacts": setting(list(), "Registries that get foreign layers", { reloads: true, ...ignored("a push leaves them out") }),
  "max-concurrent-downloads": setting(integer(0, (value) => `invalid max concurrent downloads: ${value}`), "Most layers downloaded at a time", { flag: {}, default: "3", reloads: true, note: "0 sets no bound." }),
  "max-concurrent-uploads": setting(integer(0, (value) => `invalid max concurrent uploads: ${value}`), "Most layers uploaded at a time", { flag: {}, default: "5", reloads: true, note: "0 sets no bound." }),
  "max-download-attempts": setting(integer(0, (value) => `invalid max download attempts: ${value}`), "Attempts of each download", { flag: {}, default: "5", reloads: true }),
  "http-proxy": setting(text(), "Proxy for the engine's own http:// requests", { flag: {}, within: "proxies", reloads: true }),
  "https-proxy": setting(text(), "Proxy for the engine's own https:// requests", { flag: {}, within: "proxies", reloads: true }),
  "no-proxy": setting(text(), "Hosts that are reached without the proxy", { flag: {}, within: "proxies", reloads: true }),

  // The engine
  labels: setting(list(requireLabel), "Labels of the engine, key=value", { flag: { name: "label" }, reloads: true }),
  experimental: setting(BOOL, "Shown by info", { flag: {} }),
  features: setting(BOOL_MAP, "Features by name", { flag: { name: "feature" }, reloads: true, note: "Kept and reported at a reload; none changes what the engine does." }),
  "live-restore": setting(BOOL, "Containers go on when the engine stops", { flag: {}, reloads: true, note: "They always do.", remark: (value) => (value ? undefined : { kind: "ignored", sentence: "containers always go on when the engine stops; `hako stop` ends them" }) }),
  "shutdown-timeout": setting(INTEGER, "Seconds that containers have to end when the engine stops", { flag: {}, default: "15", reloads: true, note: "Has no effect: containers go on when the engine stops." }),
  "oom-score-adjust": setting(INTEGER, "How readily the kernel ends the engine for want of memory, -1000 to 1000", { flag: {}, note: "dockerd had it until 24.0." }),
  "storage-driver": setting(text(), "Storage driver", { flag: { short: "s" }, ...unless<string>("refused", "layers are stacked with overlayfs: write overlay2 or leave it out", (driver) => ["", "overlay2", "overlayfs", "overlay"].includes(driver)) }),
  "storage-opts": setting(list(), "Options of the storage driver", { flag: { name: "storage-opt" }, ...ignored("the overlay has no options here") }),
  "metrics-addr": setting(text(), "Address of the metrics API", { flag: {}, ...ignored("no metrics are served") }),
  "node-generic-resources": setting(list(), "Resources of the node", { flag: { name: "node-generic-resource" }, ...ignored(NO_SWARM) }),
  "swarm-default-advertise-addr": setting(text(), "Address that a swarm is told", { flag: {}, ...ignored(NO_SWARM) }),
  "swarm-raft-heartbeat-tick": setting(INTEGER, "Of a swarm", ignored(NO_SWARM)),
  "swarm-raft-election-tick": setting(INTEGER, "Of a swarm", ignored(NO_SWARM)),
  containerd: setting(text(), "Address of containerd", { flag: {}, ...ignored(NO_CONTAINERD) }),
  "containerd-namespace": setting(text(), "Containerd's namespace", { flag: {}, ...ignored(NO_CONTAINERD) }),
  "containerd-plugins-namespace": setting(text(), "Containerd's namespace of plugins", { flag: {}, ...ignored(NO_CONTAINERD) }),
  "containerd-plugin-namespace": setting(text(), "Containerd's namespace of plugins", ignored(NO_CONTAINERD)),
  "cri-containerd": setting(BOOL, "Start containerd with CRI", { flag: {}, ...ignored(NO_CONTAINERD) }),
  builder: setting(ANYTHING, "Settings of the builder", ignored("images are not built yet")),
  rootless: setting(BOOL, "Rootless mode", { flag: {}, ...refused("the engine needs root") }),
  "deprecated-key-path": setting(text(), "Key of the engine", ignored("nothing is signed with it")),
} as const;

export type SettingName = keyof typeof SETTINGS;
type ValueOf<S> = S extends { kind: { fromWords(words: readonly string[]): infer T } } ? T : never;
/** What was given; a setting that nobody gave is not there. */
export type Values = { readonly [Name in SettingName]?: ValueOf<(typeof SETTINGS)[Name]> };

export const flagNameOf = (name: SettingName): string | undefined => {
  const { flag } = SETTINGS[name] as { flag?: { name?: string } };
  return flag && (flag.name ?? name);
};

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];
