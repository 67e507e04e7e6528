import type { Ulimit } from "../spec/mod.ts";

/** One entry of the `runtimes` setting: a program that speaks runc's command line, or a containerd shim's name. */
export interface RuntimeSetting {
  readonly path?: string;
  readonly runtimeArgs?: readonly string[];
  readonly runtimeType?: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

/** A profile other than the built-in one was read from its file when the engine started. */
export type SeccompSetting = { readonly kind: "builtin" } | { readonly kind: "unconfined" } | { readonly kind: "file"; readonly path: string; readonly json: string };

/**
 * What the operator has set for containers and for what the engine tells of itself (daemon.json and the flags of
 * `hako daemon`). Complete: nobody asks "is it there?". A reload replaces the whole object, so read `ctx.defaults` at
 * the moment of use and keep nothing of it.
 */
export interface EngineDefaults {
  /** `default-ulimits`; a container's own of the same name win. */
  readonly ulimits: readonly Required<Ulimit>[];
  readonly shmSizeBytes: number;
  readonly ipcMode: "private" | "shareable";
  /** Undefined: private on cgroup v2, host on v1. */
  readonly cgroupnsMode: "private" | "host" | undefined;
  readonly init: boolean;
  /** Undefined: the engine's own. */
  readonly initPath: string | undefined;
  readonly noNewPrivileges: boolean;
  readonly seccomp: SeccompSetting;

  readonly dns: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly dnsSearch: readonly string[];
  /** What `host-gateway` stands for; empty: the bridge's gateway. */
  readonly hostGatewayIPs: readonly string[];

  /** "" is the engine's own log, which shows as json-file; json-file itself writes Docker's files too. */
  readonly logDriver: string;
  /** For containers that name no driver of their own, or the same one. */
  readonly logOptions: Readonly<Record<string, string>>;

  /** Beside the engine's own; by the name that `--runtime` takes. */
  readonly runtimes: Readonly<Record<string, RuntimeSetting>>;
  readonly defaultRuntime: string;
  readonly cdiSpecDirs: readonly string[];

  readonly debug: boolean;
  /** `key=value`, as they were given. */
  readonly labels: readonly string[];
  readonly registryMirrors: readonly string[];
  /** By registry; `*` for all but Docker Hub. */
  readonly registryMirrorsOf: Readonly<Record<string, readonly string[]>>;
  /** CIDRs or `host[:port]`, without the loopback ones that always count. */
  readonly insecureRegistries: readonly string[];
  readonly maxConcurrentDownloads: number;
  readonly maxConcurrentUploads: number;
  readonly maxDownloadAttempts: number;
  /** Of the engine itself; "" means none. */
  readonly proxies: { readonly http: string; readonly https: string; readonly no: string };
  readonly addressPools: readonly { readonly base: string; readonly size: number }[];
  readonly features: Readonly<Record<string, boolean>>;
  readonly experimental: boolean;
  readonly shutdownTimeoutSeconds: number;
  /** For /info: what about these settings is dangerous. */
  readonly warnings: readonly string[];
}

/** An engine of which nothing was asked. */
export const ENGINE_DEFAULTS: EngineDefaults = {
  ulimits: [],
  shmSizeBytes: 64 * 1024 * 1024,
  ipcMode: "private",
  cgroupnsMode: undefined,
  init: false,
  initPath: undefined,
  noNewPrivileges: false,
  seccomp: { kind: "builtin" },
  dns: [],
  dnsOptions: [],
  dnsSearch: [],
  hostGatewayIPs: [],
  logDriver: "",
  logOptions: {},
  runtimes: {},
  defaultRuntime: "runc",
  cdiSpecDirs: ["/etc/cdi", "/var/run/cdi"],
  debug: false,
  labels: [],
  registryMirrors: [],
  registryMirrorsOf: {},
  insecureRegistries: [],
  maxConcurrentDownloads: 3,
  maxConcurrentUploads: 5,
  maxDownloadAttempts: 5,
  proxies: { http: "", https: "", no: "" },
  addressPools: [],
  features: {},
  experimental: false,
  shutdownTimeoutSeconds: 15,
  warnings: [],
};
