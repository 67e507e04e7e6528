/** A seccomp filter as the OCI runtime spec describes it (config-linux.md, Seccomp): same shape, so that either side's value fits. */
export interface SeccompProfile {
  defaultAction: SeccompAction;
  /** Of SCMP_ACT_ERRNO and SCMP_ACT_TRACE; EPERM when absent. */
  defaultErrnoRet?: number;
  architectures: string[];
  flags?: string[];
  syscalls: SeccompRule[];
}

export interface SeccompRule {
  names: string[];
  action: SeccompAction;
  errnoRet?: number;
  args?: SeccompArgument[];
}

/** For MASKED_EQ `value` is the mask and `valueTwo` what must be left. */
export interface SeccompArgument {
  index: number;
  value: number | bigint;
  valueTwo?: number | bigint;
  op: SeccompOperator;
}

export const SECCOMP_ACTIONS = ["SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP", "SCMP_ACT_TRACE", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY"] as const;
export type SeccompAction = (typeof SECCOMP_ACTIONS)[number];

export const SECCOMP_OPERATORS = ["SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"] as const;
export type SeccompOperator = (typeof SECCOMP_OPERATORS)[number];

export type SeccompArch = "x64" | "arm64";

/** What decides which rules of a profile hold. */
export interface SeccompConditions {
  /** As `CAP_SYS_ADMIN`. */
  readonly capabilities: readonly string[];
  /** `uname -r` */
  readonly kernel: string;
  readonly arch: SeccompArch;
}
