/** The only door to the kernel. Folders import this file. */
export { SyscallError, hasCode, errnoMessage, errnoName, ERRNO, type ErrnoName } from "./errno.ts";
export { AT, CLONE, DT, LOCK, O, RENAME, RESOLVE, S, SIGNALS } from "./constants.ts";
export type { Path } from "./call.ts";
export * from "./files.ts";
export { statx, fstat, type Stat } from "./stat.ts";
export { getdents, readDirectory, type DirectoryEntry } from "./directory.ts";
export * from "./xattrs.ts";
export { memfdCreate, sealMemfd } from "./memory-file.ts";
export { listenUnix, connectUnix, socketPair, sendFds, recvFds, socketInNamespace, AF, SOCK } from "./sockets.ts";
export { spawnFd, reap, waitExit, pidfdOpen, pidfdSendSignal, kill, processAlive, chroot, setUmask, openOwnExecutable, type SpawnOptions, type WaitStatus } from "./process.ts";
export { namespacePath, openNamespacesOf, processStartTicks, type NamespaceName } from "./namespaces.ts";
export { startDecompressor, type Filter } from "./filter.ts";
export { CAPABILITIES, DEFAULT_CAPABILITIES, capabilityMask, capabilityNames, kernelCapabilities, type Capability } from "./caps.ts";
export { compileSeccomp, seccompFlags } from "./seccomp/compile.ts";
export { defaultSeccompProfile } from "./seccomp/default-profile.ts";
export { parseSeccompProfile } from "./seccomp/profile-file.ts";
export type { SeccompProfile, SeccompRule, SeccompArgument, SeccompAction, SeccompOperator, SeccompArch, SeccompConditions } from "./seccomp/profile.ts";
