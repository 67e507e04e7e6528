import type { Flag } from "../flags.ts";
import type { LiveKind } from "./arguments.ts";
import type { Candidate } from "./directive.ts";

const SIGNALS = ["ABRT", "ALRM", "BUS", "CHLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "KILL", "PIPE", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ"].map((name) => `SIG${name}`);
const CAPABILITIES = [
  "ALL", "AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE", "BLOCK_SUSPEND", "BPF", "CHECKPOINT_RESTORE", "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "IPC_LOCK", "IPC_OWNER",
  "KILL", "LEASE", "LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD", "NET_ADMIN", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_RAW", "PERFMON", "SETFCAP", "SETGID", "SETPCAP", "SETUID",
  "SYS_ADMIN", "SYS_BOOT", "SYS_CHROOT", "SYS_MODULE", "SYS_NICE", "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "SYSLOG", "WAKE_ALARM",
];
const ULIMITS = ["as", "chroot", "core", "cpu", "data", "fsize", "locks", "maxlogins", "maxsyslogins", "memlock", "msgqueue", "nice", "nofile", "nproc", "priority", "rss", "rtprio", "sigpending", "stack"];
const PLATFORMS = ["linux", "linux/386", "linux/amd64", "linux/arm", "linux/arm/v5", "linux/arm/v6", "linux/arm/v7", "linux/arm64", "linux/arm64/v8", "linux/ppc64le", "linux/riscv64", "linux/s390x"];
const NAMESPACE_OF_ANOTHER = ["container:", "host"];
const STATUSES = ["created", "dead", "exited", "paused", "removing", "restarting", "running"];

/** Values of flags that mean the same in every command. */
const VALUES: Readonly<Record<string, readonly string[] | LiveKind | "files">> = {
  annotation: [],
  ansi: ["always", "auto", "never"],
  attach: ["stderr", "stdin", "stdout"],
  "cap-add": CAPABILITIES,
  "cap-drop": CAPABILITIES,
  cgroupns: ["host", "private"],
  cidfile: "files",
  config: "files",
  context: "contexts",
  device: "files",
  "env-file": "files",
  file: "files",
  from: "contexts",
  format: ["json", "table"],
  gpus: ["all"],
  input: "files",
  ipc: ["container:", "host", "none", "private", "shareable"],
  isolation: ["default"],
  "label-file": "files",
  link: "running",
  "log-driver": "logDrivers",
  "log-level": ["debug", "info", "warn", "error", "fatal"],
  mount: ["type=bind", "type=image", "type=tmpfs", "type=volume"],
  network: "networks",
  net: "networks",
  output: "files",
  pid: NAMESPACE_OF_ANOTHER,
  platform: PLATFORMS,
  policy: ["always", "missing"],
  progress: ["auto", "plain", "quiet", "tty"],
  "project-directory": "files",
  pull: ["always", "missing", "never"],
  restart: ["always", "no", "on-failure", "on-failure:", "on-unhealthy", "on-unhealthy:", "unless-stopped"],
  rmi: ["all", "local"],
  runtime: "runtimes",
  "security-opt": ["apparmor=", "label=", "no-new-privileges", "seccomp=", "systempaths=unconfined"],
  signal: SIGNALS,
  "stop-signal": SIGNALS,
  tlscacert: "files",
  tlscert: "files",
  tlskey: "files",
  type: ["container", "image", "network", "volume"],
  ulimit: ULIMITS.map((name) => `${name}=`),
  userns: ["host"],
  uts: ["host"],
  volume: "volumes",
  "volume-driver": ["local"],
  "volumes-from": "containers",
};

/** Keys of `--filter`, by command, with the values that are words. */
const FILTERS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  "compose ls": { name: [] },
  "compose ps": { status: STATUSES },
  "container ls": { ancestor: [], before: [], exited: [], expose: [], health: ["healthy", "none", "starting", "unhealthy"], id: [], "is-task": ["false", "true"], label: [], name: [], network: [], publish: [], since: [], status: STATUSES, volume: [] },
  "container prune": { label: [], "label!": [], until: [] },
  "image ls": { before: [], dangling: ["false", "true"], label: [], reference: [], since: [], until: [] },
  "image prune": { label: [], "label!": [], until: [] },
  "network ls": { dangling: ["false", "true"], driver: ["bridge", "host", "null"], id: [], label: [], name: [], scope: ["global", "local", "swarm"], type: ["builtin", "custom"] },
  "network prune": { label: [], "label!": [], until: [] },
  "system events": { container: [], daemon: [], event: ["attach", "create", "destroy", "die", "exec_create", "exec_die", "exec_start", "health_status", "kill", "oom", "pause", "rename", "restart", "start", "stop", "unpause", "update"], image: [], label: [], network: [], scope: ["local", "swarm"], type: ["container", "daemon", "image", "network", "volume"], volume: [] },
  "system prune": { label: [], "label!": [], until: [] },
  "volume ls": { dangling: ["false", "true"], driver: ["local"], label: [], name: [] },
  "volume prune": { all: ["false", "true"], label: [], "label!": [] },
};

/** What a flag's value may be: names, a kind of live ones, files, or unknown. `command` by its first name. */
export function valuesOf(command: string, flag: Flag, partial: string): readonly Candidate[] | LiveKind | "files" | undefined {
  if (flag.name === "filter") return filterValues(FILTERS[command] ?? {}, partial);
  if (flag.name === "env") return Object.keys(process.env).toSorted().map((name) => ({ name }));
  if (flag.name === "volume" && /^[./~]/.test(partial)) return "files";
  const known = VALUES[flag.name];
  return typeof known === "string" || known === undefined ? known : known.map((name) => ({ name }));
}

function filterValues(keys: Readonly<Record<string, readonly string[]>>, partial: string): Candidate[] {
  const key = partial.split("=")[0] ?? "";
  const values = partial.includes("=") ? keys[key] : undefined;
  return values ? values.map((value) => ({ name: `${key}=${value}` })) : Object.keys(keys).map((name) => ({ name: `${name}=` }));
}
