export type RunNetwork = "default" | "none" | "host";
export type RunSecurity = "sandbox" | "insecure";

/** A CDI device, `vendor.com/class=name` or a class alone. */
export interface RunDevice {
  readonly name: string;
  readonly required: boolean;
}

/** A `--mount` before its variables are replaced. */
export interface MountFlag {
  readonly text: string;
  /** A stage, named context or image; undefined when the mount has none. */
  readonly from?: string;
}

/** Owner and mode of what is mounted; undefined where not given, so that each type's default applies. */
export interface MountOwner {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

export interface BindMount {
  readonly type: "bind";
  /** Undefined: the build context. */
  readonly from?: string;
  /** Path in the source, "" for its root. */
  readonly source: string;
  readonly target: string;
  /** What a step writes into a writable bind mount is thrown away. */
  readonly readOnly: boolean;
}

export interface CacheMount extends MountOwner {
  readonly type: "cache";
  /** The target's cleaned path unless given. */
  readonly id: string;
  /** What a new cache begins with; undefined: empty. */
  readonly from?: string;
  readonly source: string;
  readonly target: string;
  readonly sharing: "shared" | "private" | "locked";
  readonly readOnly: boolean;
}

export interface TmpfsMount {
  readonly type: "tmpfs";
  readonly target: string;
  /** 0: unlimited. */
  readonly sizeBytes: number;
  readonly readOnly: boolean;
}

export interface SecretMount extends MountOwner {
  readonly type: "secret";
  readonly id: string;
  /** Undefined: only the environment variable. */
  readonly target?: string;
  readonly env?: string;
  readonly required: boolean;
}

export interface SshMount extends MountOwner {
  readonly type: "ssh";
  /** "default" unless given. */
  readonly id: string;
  /** Undefined: /run/buildkit/ssh_agent.N. */
  readonly target?: string;
  readonly required: boolean;
}

/** Targets are as written: relative ones are joined to the step's working directory. */
export type RunMount = BindMount | CacheMount | TmpfsMount | SecretMount | SshMount;
