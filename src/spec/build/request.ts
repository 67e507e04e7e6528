import type { Digest } from "../digest.ts";
import type { Descriptor } from "../oci-image.ts";

/** `os/architecture[/variant]`, its parts. */
export interface BuildPlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

/** Everything that is asked of one build: plain data, which goes over a wire as JSON. */
export interface BuildRequest {
  readonly dockerfile: DockerfilePlace;
  readonly context: MainContext;
  /** The stage to build, by name or number; "" is the last one. */
  readonly target: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: readonly Annotation[];
  /** Empty: this machine's. Several make an index. */
  readonly platforms: readonly BuildPlatform[];
  readonly noCache: boolean;
  /** Stages that are built anew. */
  readonly noCacheFilter: readonly string[];
  /** Bases are looked up at their registries even when they are here. */
  readonly pull: boolean;
  /** Of RUN steps that name none. */
  readonly network: "default" | "none" | "host";
  /** `name:address`; `host-gateway` is replaced already. */
  readonly addHosts: readonly string[];
  /** Bytes; 0: the engine's default. */
  readonly shmSize: number;
  readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  /** "": the engine's own. */
  readonly cgroupParent: string;
  readonly resources: StepResources;
  readonly namedContexts: readonly NamedContext[];
  /** Names of the image, as given with -t. */
  readonly tags: readonly string[];
  /** At least one; `cacheonly` where nothing is wanted. */
  readonly exporters: readonly ExporterRequest[];
  readonly cacheFrom: readonly CacheEntry[];
  readonly cacheTo: readonly CacheEntry[];
  readonly attests: readonly AttestRequest[];
  /** Seconds of the epoch; undefined also looks at the build argument SOURCE_DATE_EPOCH. */
  readonly sourceDateEpoch: number | undefined;
  /** Entitlements that the user grants. */
  readonly allow: readonly ("network.host" | "security.insecure" | "device")[];
  /** Of the checks: `skip=…;error=true`, as the build argument BUILDKIT_DOCKERFILE_CHECK; "" leaves it to the file. */
  readonly checkOptions: string;
  /** `check` only looks at the Dockerfile, `outline` and `targets` only list what it has. */
  readonly call: "build" | "check" | "outline" | "targets";
  /** A step that failed is kept as it ended, for a shell in it. */
  readonly keepFailed: boolean;
  /** What provenance calls the build; made up when "". */
  readonly buildRef: string;
  /** Credentials by registry (`https://index.docker.io/v1/` is Docker Hub). Never written down. */
  readonly credentials: Readonly<Record<string, RegistryCredentials>>;
}

/** `name` of a folder is what the client is asked for. */
export type DockerfilePlace =
  | { readonly kind: "file"; readonly folder: string; readonly path: string }
  /** As from standard input; `name` is what errors call it. */
  | { readonly kind: "text"; readonly text: string; readonly name: string }
  /** Inside a remote context. */
  | { readonly kind: "remote"; readonly path: string };

/** What COPY without --from copies from. A URL of one file that is no archive is the Dockerfile itself. */
export type MainContext = { readonly kind: "local"; readonly folder: string } | { readonly kind: "git"; readonly url: string } | { readonly kind: "http"; readonly url: string } | { readonly kind: "none" };

/** `value` as of --build-context: `docker-image://…`, `oci-layout://…`, `target:…`, `https://…`, a git URL, or `local:NAME`, a folder of the client's. */
export interface NamedContext {
  readonly name: string;
  readonly value: string;
}

/** Of RUN steps, as far as the classic form of the API limits them; 0 and "" limit nothing. */
export interface StepResources {
  readonly memory: number;
  readonly memorySwap: number;
  readonly cpuShares: number;
  readonly cpuPeriod: number;
  readonly cpuQuota: number;
  readonly cpusetCpus: string;
  readonly cpusetMems: string;
}

export interface ExporterRequest {
  readonly type: "image" | "docker" | "oci" | "tar" | "local" | "registry" | "cacheonly";
  /** As of --output, without `type` and `dest`: name, push, compression, rewrite-timestamp, annotation.x … */
  readonly attrs: Readonly<Record<string, string>>;
}

export interface CacheEntry {
  readonly type: string;
  readonly attrs: Readonly<Record<string, string>>;
}

export interface AttestRequest {
  readonly type: "provenance" | "sbom";
  readonly attrs: Readonly<Record<string, string>>;
  readonly disabled: boolean;
}

export interface Annotation {
  readonly level: "manifest" | "index" | "manifest-descriptor" | "index-descriptor";
  /** Undefined: of every platform. */
  readonly platform: BuildPlatform | undefined;
  readonly key: string;
  readonly value: string;
}

export interface RegistryCredentials {
  readonly username: string;
  readonly password: string;
  /** In place of a password. */
  readonly identityToken: string;
}

/** What a build came to. */
export interface BuildResult {
  /** The config's digest, when one image was made. */
  readonly imageId: Digest | undefined;
  /** Of the manifest or index. */
  readonly descriptor: Descriptor | undefined;
  /** As --metadata-file holds it: `containerimage.digest`, `containerimage.config.digest`, `image.name` … */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** What `check`, `outline` and `targets` were asked for: their answer as JSON, and as people read it. */
  readonly answer?: { readonly json: unknown; readonly text: string; readonly statusCode: number } | undefined;
}

const NO_LIMITS: StepResources = { memory: 0, memorySwap: 0, cpuShares: 0, cpuPeriod: 0, cpuQuota: 0, cpusetCpus: "", cpusetMems: "" };

/** What a request is where it says nothing: `./Dockerfile` of the client's folder `context`, kept as an image. */
export const DEFAULT_BUILD_REQUEST: BuildRequest = {
  dockerfile: { kind: "file", folder: "dockerfile", path: "Dockerfile" },
  context: { kind: "local", folder: "context" },
  target: "",
  buildArgs: {},
  labels: {},
  annotations: [],
  platforms: [],
  noCache: false,
  noCacheFilter: [],
  pull: false,
  network: "default",
  addHosts: [],
  shmSize: 0,
  ulimits: [],
  cgroupParent: "",
  resources: NO_LIMITS,
  namedContexts: [],
  tags: [],
  exporters: [{ type: "image", attrs: {} }],
  cacheFrom: [],
  cacheTo: [],
  attests: [],
  sourceDateEpoch: undefined,
  allow: [],
  checkOptions: "",
  call: "build",
  keepFailed: false,
  buildRef: "",
  credentials: {},
};
