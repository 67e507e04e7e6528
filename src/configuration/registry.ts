/** Everything that a registry server can be told. */
export interface RegistrySettings {
  readonly hostname: string;
  readonly port: number;
  readonly tls: { readonly certPath: string; readonly keyPath: string } | undefined;
  readonly storage: RegistryStorageSettings;
  readonly access: RegistryAccessSettings;
  readonly readOnly: boolean;
  readonly limits: { readonly requestsAtOnce?: number; readonly requestsPerSecond?: number; readonly blobBytes?: number };
  readonly garbage: RegistryGarbageSettings;
  /** "-" is standard output, "" is nowhere. */
  readonly accessLog: string;
  /** Whether people's browsers are shown pages. */
  readonly pages: boolean;
  readonly proxy: RegistryProxySettings | undefined;
}

export type RegistryStorageSettings = { readonly kind: "fs"; readonly root: string } | ({ readonly kind: "s3" } & ObjectStorageSettings);

/** An S3-compatible object storage. */
export interface ObjectStorageSettings {
  /** `https://s3.eu-central-1.amazonaws.com`, or that of another make. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** In front of all keys; "" for none. */
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
  /** Clients are sent to the object storage for blobs. */
  readonly redirect: boolean;
}

export interface RegistryAccessSettings {
  readonly htpasswd: string | undefined;
  readonly rules: string | undefined;
  readonly token: { readonly realm: string; readonly service: string; readonly issuer: string; readonly keys: string } | undefined;
  /** The registry makes tokens itself. */
  readonly issue: { readonly key: string | undefined; readonly realm: string | undefined } | undefined;
}

export interface RegistryGarbageSettings {
  /** Between two collections; 0 for none. */
  readonly intervalMs: number;
  /** How old what nothing refers to must be before it counts as garbage. */
  readonly graceMs: number;
  readonly uploadMs: number;
  readonly untagged: boolean;
}

/** A registry to fetch from what is not there. */
export interface RegistryProxySettings {
  /** Of the registry, as a reference's: `docker.io`, `registry.example.com:5000`. */
  readonly domain: string;
  /** It may be asked without TLS. */
  readonly insecure: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** How long a tag is believed before the registry is asked again. */
  readonly tagMs: number;
  /** What is let go of; undefined where all is kept. */
  readonly evict: { readonly maxBytes: number | undefined; readonly maxUnusedMs: number | undefined } | undefined;
}
