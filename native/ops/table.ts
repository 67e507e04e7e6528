/**
 * The plan language: what TypeScript may ask the shim to do, one row per operation. `generate.ts` turns this table into
 * native/shim/ops.gen.h and src/runtime/ops.gen.ts.
 *
 * A plan is little-endian bytes, unaligned:
 *   header  u32 magic "HKPL" | u32 version | u32 opCount | u32 totalBytes (header included)
 *   op      u16 code | u16 reserved (0) | u32 payloadBytes | payload
 * Fields of a payload follow each other in table order:
 *   u32, u64, i32   as they are
 *   str             u32 length | bytes | NUL (the NUL is not counted; no NUL inside)
 *   bytes           u32 length | bytes
 *   strs            u32 count | that many str
 *   u32s            u32 count | that many u32
 * The shim refuses, before it does anything, a plan with another version, an unknown op, a length that does not
 * add up, or an op on the wrong side of `clone`.
 *
 * `side`: host ops run in the shim, in order, those after `clone` while the child runs; child ops run in the cloned process.
 * `waitHost` in the child waits until every host op has succeeded.
 */
export type FieldType = "u32" | "u64" | "i32" | "str" | "bytes" | "strs" | "u32s";
export interface Op {
  readonly code: number;
  readonly name: string;
  readonly side: "host" | "child";
  readonly fields: readonly (readonly [name: string, type: FieldType])[];
  readonly doc: string;
}

export const PLAN_VERSION = 1;

export const OPS = [
  { code: 1, name: "stdio", side: "host", fields: [["flags", "u32"], ["rows", "u32"], ["cols", "u32"]], doc: "flags: 1 TTY, 2 OPEN_STDIN (else /dev/null), 4 STDIN_ONCE (first stdin client's end of file closes the process's stdin), 8 STREAM_OUTPUT (output goes to the OUTPUT connection with back-pressure; started only once it is there), 16 DIRECT (the process inherits the shim's own fds 0, 1, 2), 32 LET_GO (the shim ends once it has told that the process is started, which goes to the next subreaper), 64 BOUND (the process is killed when the CONTROL connection closes)." },
  { code: 2, name: "frameLog", side: "host", fields: [["path", "str"], ["indexPath", "str"]], doc: "Append stdout and stderr as frames to path, one index entry per frame to indexPath." },
  { code: 9, name: "logRotation", side: "host", fields: [["prefix", "str"], ["base", "u64"], ["maxBytes", "u64"], ["maxFiles", "u32"], ["flags", "u32"], ["older", "bytes"]], doc: "After frameLog, whose file begins at `base` of the whole log: one that has maxBytes (0: never) is followed by `<prefix>.<position>` and `<prefix>.idx.<position>`; of more than maxFiles (0: no limit, the engine removes them) the oldest goes. older: u64 positions of the files before. flags: 1 DISCARD what nobody asked to keep (KEEP), 2 KEEP holds from the beginning." },
  { code: 3, name: "exitFile", side: "host", fields: [["path", "str"]], doc: "At exit write the status there: temporary and rename." },
  { code: 4, name: "oomFile", side: "host", fields: [["path", "str"]], doc: "A cgroup file with a line `oom_kill N` (memory.events, memory.oom_control): N above its value at start means OOM-killed." },
  { code: 5, name: "joinPidNamespace", side: "host", fields: [["fd", "u32"]], doc: "setns(fd, CLONE_NEWPID) before clone; fd is a pidfd or namespace fd inherited from the engine." },
  { code: 6, name: "clone", side: "host", fields: [["flags", "u64"], ["cgroupDir", "str"]], doc: "clone3 with CLONE_NEW* flags and CLONE_PIDFD; cgroupDir not empty: CLONE_INTO_CGROUP (v2)." },
  { code: 7, name: "netlinkHost", side: "host", fields: [["messages", "bytes"], ["pidOffsets", "u32s"]], doc: "After clone: rtnetlink messages from the shim's network namespace, one sendmsg, every one acknowledged; at each offset the child's pid is stored first (u32, IFLA_NET_NS_PID)." },
  { code: 8, name: "adopt", side: "host", fields: [["pidFile", "str"], ["consoleFd", "u32"]], doc: "The child is an OCI runtime that leaves a process behind: once it has ended well, the process of pidFile, which is then the shim's, takes its place. consoleFd not 0: a listening socket over which the runtime sends the terminal's master." },

  { code: 32, name: "joinCgroups", side: "child", fields: [["tasksFiles", "strs"]], doc: "Write 0 to each file (v1 `tasks`: moving the calling thread skips the kernel's global lock; cgroup.procs costs 5 to 20 ms)." },
  { code: 33, name: "unshare", side: "child", fields: [["flags", "u64"]], doc: "unshare(flags), for the cgroup namespace after joining." },
  { code: 34, name: "joinNamespaces", side: "child", fields: [["fd", "u32"], ["flags", "u64"]], doc: "setns(fd, flags): a pidfd with several flags, or one namespace fd with one." },
  { code: 35, name: "waitHost", side: "child", fields: [], doc: "Wait until all host ops succeeded." },
  { code: 36, name: "netlinkInside", side: "child", fields: [["messages", "bytes"]], doc: "rtnetlink messages in the child's network namespace, every one acknowledged." },
  { code: 37, name: "hostname", side: "child", fields: [["hostname", "str"], ["domainname", "str"]], doc: "sethostname, setdomainname; empty: leave." },
  { code: 38, name: "propagation", side: "child", fields: [["flags", "u64"]], doc: "mount(\"/\") with MS_REC and these propagation flags; the first mount op." },
  { code: 63, name: "holdTree", side: "child", fields: [["source", "str"], ["recursive", "u32"], ["namespaceFd", "u32"]], doc: "Before `propagation`: open_tree of source, for the `bind` with flag 16 that names it. namespaceFd 0: a host path, which stays in its peer group. Else a mount namespace: a folder there, on a tmpfs, not reached through links (another container's /dev/shm)." },
  { code: 39, name: "overlayRoot", side: "child", fields: [["mountPoint", "str"], ["layersDir", "str"], ["lowers", "strs"], ["upper", "str"], ["work", "str"]], doc: "Mount the overlay on mountPoint (an empty host folder, only in this mount namespace) and hold it as the root. Upper empty: read-only view. lowerdir+ where the kernel has it, short relative lowerdirs where not." },
  { code: 40, name: "bindRoot", side: "child", fields: [["mountPoint", "str"], ["source", "str"]], doc: "A recursive bind of source as the root." },
  { code: 41, name: "directory", side: "child", fields: [["path", "str"], ["mode", "u32"], ["uid", "u32"], ["gid", "u32"]], doc: "mkdir -p inside the root; owner and mode only for folders it creates." },
  { code: 42, name: "mount", side: "child", fields: [["target", "str"], ["fstype", "str"], ["source", "str"], ["options", "strs"], ["attributes", "u64"]], doc: "fsopen, fsconfig (key=value or flag), fsmount with MOUNT_ATTR_*, move_mount on target inside the root (created as a folder when missing)." },
  { code: 43, name: "bind", side: "child", fields: [["source", "str"], ["target", "str"], ["flags", "u32"], ["attributesSet", "u64"], ["attributesClear", "u64"], ["propagation", "u64"], ["usersFd", "u32"]], doc: "open_tree of a host path, mount_setattr, move_mount on target inside the root (created as a folder or an empty file like the source when missing). flags: 1 RECURSIVE, 2 attributes apply recursively, 4 source is looked up inside the root, 8 what follows `/./` in source is looked up beneath what precedes it, 16 the tree that `holdTree` opened for source. With MOUNT_ATTR_IDMAP, usersFd is the user namespace whose maps say who owns what." },
  { code: 44, name: "device", side: "child", fields: [["path", "str"], ["mode", "u32"], ["major", "u32"], ["minor", "u32"], ["uid", "u32"], ["gid", "u32"]], doc: "mknod inside the root (mode with S_IFMT), replacing nothing: an existing node of the same kind and number is kept." },
  { code: 45, name: "symlink", side: "child", fields: [["path", "str"], ["target", "str"]], doc: "symlink inside the root; an existing entry is kept." },
  { code: 46, name: "mask", side: "child", fields: [["path", "str"]], doc: "Hide: the host's verified /dev/null over a file, a read-only empty tmpfs over a folder; missing is done." },
  { code: 47, name: "readonly", side: "child", fields: [["path", "str"]], doc: "Bind onto itself, read-only, keeping the other attributes; missing is done." },
  { code: 48, name: "sysctl", side: "child", fields: [["path", "str"], ["value", "str"]], doc: "Write below /proc/sys of the root, verified to be procfs." },
  { code: 49, name: "rootReadonly", side: "child", fields: [], doc: "The root mount itself becomes read-only." },
  { code: 50, name: "rootPropagation", side: "child", fields: [["flags", "u64"]], doc: "Propagation of the root mount after pivot." },
  { code: 51, name: "pivot", side: "child", fields: [], doc: "pivot_root into the root, detach the old one." },
  { code: 52, name: "oomScoreAdj", side: "child", fields: [["value", "i32"]], doc: "Before pivot or joining a mount namespace." },
  { code: 53, name: "rlimit", side: "child", fields: [["resource", "u32"], ["soft", "u64"], ["hard", "u64"]], doc: "prlimit64 on itself." },
  { code: 54, name: "sessionKeyring", side: "child", fields: [["name", "str"]], doc: "A session keyring of its own; a kernel without keyrings is fine." },
  { code: 55, name: "console", side: "child", fields: [["bindConsole", "u32"], ["socketFd", "u32"]], doc: "A pty from the root's devpts becomes the controlling terminal and fds 0, 1, 2; the master goes to the shim, or to the connected socket socketFd; bindConsole: also bound on /dev/console." },
  { code: 56, name: "noNewPrivileges", side: "child", fields: [], doc: "prctl(PR_SET_NO_NEW_PRIVS)." },
  { code: 57, name: "seccomp", side: "child", fields: [["flags", "u32"], ["program", "bytes"]], doc: "seccomp(SET_MODE_FILTER, flags) with an array of struct sock_filter." },
  { code: 58, name: "securityLabel", side: "child", fields: [["attribute", "str"], ["label", "str"]], doc: "Write label to /proc/self/attr/<attribute>; prepared before pivot." },
  { code: 59, name: "identity", side: "child", fields: [["uid", "u32"], ["gid", "u32"], ["groups", "u32s"], ["umask", "u32"], ["bounding", "u64"], ["effective", "u64"], ["permitted", "u64"], ["inheritable", "u64"], ["ambient", "u64"]], doc: "Drop from the bounding set, setgroups, setresgid, setresuid keeping capabilities, capset, raise ambient, umask." },
  { code: 60, name: "cwd", side: "child", fields: [["path", "str"]], doc: "chdir, then verify that getcwd is inside the root." },
  { code: 64, name: "gate", side: "child", fields: [["fd", "u32"], ["program", "u32"]], doc: "Takes one connection from the listening socket fd, writes a byte to it and waits for one. program 1: the shim is first told that the process is started, if the program of `exec` can be found; later failures go to this connection, whose end means success." },
  { code: 65, name: "hook", side: "child", fields: [["path", "str"], ["argv", "strs"], ["env", "strs"], ["state", "str"], ["timeoutSeconds", "u32"]], doc: "Runs a program with state on its standard input and waits for it, timeoutSeconds (0: for ever); its failure is ours." },
  { code: 61, name: "exec", side: "child", fields: [["argv", "strs"], ["env", "strs"]], doc: "close_range(3, CLOEXEC), reset signals, execve; argv[0] without a slash is searched in PATH of env." },
  { code: 62, name: "execFd", side: "child", fields: [["fd", "u32"], ["argv", "strs"], ["env", "strs"]], doc: "execveat(fd, AT_EMPTY_PATH): helpers run the engine's own executable, whatever the root holds." },
] as const satisfies readonly Op[];
