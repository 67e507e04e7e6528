import { errnoMessage } from "../linux/mod.ts";
import type { ErrorKind } from "../base/mod.ts";
import type { ProcessSpec, RuntimeMount } from "../spec/mod.ts";
import { MOUNT_ATTR, parseMountOptions } from "./mount-options.ts";
import type { StartError } from "./shim-errors.ts";

const EPERM = 1;
const ENOENT = 2;
const ENOEXEC = 8;
const EACCES = 13;
const E2BIG = 7;
const EXDEV = 18;
const ENOTDIR = 20;
const EISDIR = 21;
const EINVAL = 22;
const EMFILE = 24;
const ENAMETOOLONG = 36;
const ELOOP = 40;
/** What the kernel says to something that nobody could do: it was asked for wrongly. */
const ASKED_WRONGLY = [E2BIG, EINVAL, EMFILE, ENAMETOOLONG, ELOOP];

const MOUNT_FLAGS = [
  ["MS_RDONLY", MOUNT_ATTR.RDONLY],
  ["MS_NOSUID", MOUNT_ATTR.NOSUID],
  ["MS_NODEV", MOUNT_ATTR.NODEV],
  ["MS_NOEXEC", MOUNT_ATTR.NOEXEC],
] as const;

/** What Docker 28.5 says and does when a process does not start. */
export interface StartFailure {
  /** The whole message on the wire, to the letter. */
  readonly message: string;
  /** Of the container or exec: 126 cannot be invoked, 127 not found, 128 anything else. */
  readonly exitCode: number;
  /** For the API: not found and not invokable are the caller's fault. */
  readonly kind: ErrorKind;
  /**
   * Present when Docker counts the process as started (the file exists and is executable, but the kernel refuses its
   * format, or its interpreter is missing): it then says this on its standard error and ends with this code.
   */
  readonly late?: { readonly stderr: string; readonly exitCode: number };
}

/** `kind` chooses Docker's preamble: a container's first process, or one more in a running container. */
export interface FailedStart {
  readonly kind: "container" | "exec";
  readonly process: ProcessSpec;
  readonly mounts?: readonly RuntimeMount[];
  readonly sysctl?: Readonly<Record<string, string>>;
}

const PREAMBLE = {
  container: "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: ",
  exec: "OCI runtime exec failed: exec failed: unable to start container process: ",
} as const;

const NO_SUCH_PART = "cannot access path ";
const WRONG_KIND = ": Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type";

export function describeStartFailure(error: StartError, failed: FailedStart): StartFailure {
  const cause = describeCause(error, failed);
  const program = failed.process.args[0] ?? "";
  return {
    message: preambleOf(error, failed, cause) + cause + (cause.includes(errnoMessage(ENOTDIR)) ? WRONG_KIND : ""),
    ...rank(cause, error),
    ...(isLate(error) ? { late: { stderr: `exec ${program}: ${errnoMessage(error.errno)}\n`, exitCode: 255 } } : {}),
  };
}

/** Another runtime tells by itself what it was about to do. */
function preambleOf({ op }: StartError, { kind }: FailedStart, cause: string): string {
  // Docker looks for a part of a volume before it asks its runtime.
  if (cause.startsWith(NO_SUCH_PART)) return "";
  if (op !== "adopt") return PREAMBLE[kind];
  return kind === "exec" ? "OCI runtime exec failed: " : "failed to create task for container: failed to create shim task: OCI runtime create failed: ";
}

/** Docker decides by the words of the message, and so do its users. */
function rank(cause: string, { errno }: StartError): { exitCode: number; kind: ErrorKind } {
  if (/executable file (`.*` )?not found/.test(cause) || cause.includes(errnoMessage(ENOENT)) || cause.includes(errnoMessage(ENOTDIR))) return { exitCode: 127, kind: "InvalidParameter" };
  if (cause.includes(errnoMessage(EACCES))) return { exitCode: 126, kind: "InvalidParameter" };
  return { exitCode: 128, kind: ASKED_WRONGLY.includes(errno) ? "InvalidParameter" : "System" };
}

/** The shim names the interpreter when it is that which is missing. */
function isLate({ op, errno, detail }: StartError): boolean {
  return op === "exec" && (errno === ENOEXEC || (errno === ENOENT && detail.startsWith("interpreter of ")));
}

/** The reason alone, in runc's words. */
export function describeCause(error: StartError, failed: FailedStart): string {
  const reason = errnoMessage(error.errno);
  switch (error.op) {
    case "adopt":
      // Its log names the command that was called: to Docker's users it is always create.
      return error.detail.replace(/^(\S+) run failed:/, "$1 create failed:");
    case "gate":
    case "exec":
      return describeExec(error, failed.process);
    case "cwd":
    case "directory":
      return `chdir to cwd (${JSON.stringify(failed.process.cwd)}) set in config.json failed: ${reason}`;
    case "hostname":
      return `sethostname: ${reason}`;
    case "rlimit":
      return `error setting rlimits for ready process: error setting rlimit ${error.detail}: ${reason}`;
    case "sysctl":
      return describeSysctl(error, failed.sysctl ?? {});
    case "bind":
    case "holdTree":
    case "mount":
      return describeMount(error, failed.mounts ?? []);
    default:
      return [error.op ?? "plan", error.detail, reason].filter((part) => part !== "").join(": ");
  }
}

function describeExec(error: StartError, process: ProcessSpec): string {
  const program = process.args[0] ?? "";
  const quoted = JSON.stringify(program);
  if (isLate(error)) return `exec ${program}: ${errnoMessage(error.errno)}`;
  // A search through PATH passes over what is no executable file (Go's exec.LookPath).
  if (!program.includes("/") && [ENOENT, EACCES, ENOTDIR, EISDIR].includes(error.errno)) return `exec: ${quoted}: executable file not found in $PATH`;
  switch (error.errno) {
    case ENOENT:
    case ENOTDIR:
      return `exec: ${quoted}: stat ${program}: ${errnoMessage(error.errno)}`;
    case EISDIR:
      return `exec: ${quoted}: is a directory: ${errnoMessage(EACCES)}`;
    default:
      return `exec: ${quoted}: ${errnoMessage(error.errno)}`;
  }
}

function describeSysctl(error: StartError, sysctl: Readonly<Record<string, string>>): string {
  const name = Object.keys(sysctl).find((key) => error.detail.endsWith(key.replaceAll(".", "/"))) ?? error.detail;
  const file = `fsmount:fscontext:proc/./sys/${name.replaceAll(".", "/")}`;
  if (error.errno === ENOENT) return `open sysctl ${name} file: unsafe procfs detected: openat2 ${file}: ${errnoMessage(error.errno)}`;
  return `failed to write sysctl ${name} = ${JSON.stringify(sysctl[name] ?? "")}: write ${file}: ${errnoMessage(error.errno)}`;
}

/** The shim names the target, the source, or the option that the file system refused. */
function describeMount(error: StartError, mounts: readonly RuntimeMount[]): string {
  const reason = errnoMessage(error.errno);
  const mount = mounts.find(({ destination, source, options, beneath }) => [destination, source, `${source}/./${beneath}`, ...options].includes(error.detail));
  if (!mount) return `error mounting ${JSON.stringify(error.detail)}: ${reason}`;
  const { destination, source, beneath } = mount;
  if (mount.uidMappings && [EINVAL, EPERM].includes(error.errno)) return `error mounting ${JSON.stringify(source)} to rootfs at ${JSON.stringify(destination)}: its file system does not map owners (idmap): ${reason}`;
  if (beneath !== undefined && error.detail.endsWith(`/./${beneath}`)) return `${NO_SUCH_PART}${source}/${beneath}: lstat ${source}/${beneath}: ${error.errno === EXDEV ? "it leads out of the volume" : reason}`;
  return `error mounting ${JSON.stringify(source)} to rootfs at ${JSON.stringify(destination)}: mount src=${source}, dst=${destination}${flagsAndData(mount)}: ${reason}`;
}

function flagsAndData(mount: RuntimeMount): string {
  const { bind, recursive, attributesSet, fsOptions } = parseMountOptions(mount.options);
  const isBind = bind || mount.type === "bind";
  const flags = isBind ? ["MS_BIND", ...(recursive ? ["MS_REC"] : [])] : MOUNT_FLAGS.filter(([, bit]) => (attributesSet & bit) !== 0n).map(([name]) => name);
  return (flags.length > 0 ? `, flags=${flags.join("|")}` : "") + (!isBind && fsOptions.length > 0 ? `, data=${fsOptions.join(",")}` : "");
}
