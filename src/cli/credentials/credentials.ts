import { configMembers, setConfigMember } from "../config-writer.ts";
import type { LoadedConfig } from "../config-file.ts";
import { CredentialHelper } from "./credential-program.ts";
import { hostnameOf } from "./registry-key.ts";

/** How to prove oneself to one registry: a name with a password, or an identity token; "" for what is not there. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
  readonly identityToken: string;
  /** Sent as it is; only ever read. */
  readonly registryToken?: string;
}

type Auths = Readonly<Record<string, unknown>>;

/** The helper that a machine has for everybody's secrets, where it has one. */
function defaultHelper(): string | undefined {
  const name = Bun.which("pass") ? "pass" : "secretservice";
  return Bun.which(`docker-credential-${name}`) ? name : undefined;
}

/** Where credentials lie: in the configuration file, or with the helper that it names for the registry. */
export class CredentialStore {
  readonly #config: LoadedConfig;
  #credsStore: string | undefined;

  constructor(config: LoadedConfig) {
    this.#config = config;
    this.#credsStore = config.file.credsStore;
  }

  /** Where nothing is kept yet and no helper is named, the machine's own is taken from now on, as docker does. */
  adoptDefaultHelper(): void {
    if (!this.#credsStore && Object.keys(this.#auths()).length === 0) this.#credsStore = defaultHelper();
  }

  /** In the file itself secrets are only encoded. */
  keepsPlain(key: string): boolean {
    return this.#helper(key) === undefined;
  }

  /** @throws Failure when the helper fails */
  async get(key: string): Promise<Credentials | undefined> {
    const helper = this.#helper(key);
    return helper ? helper.get(key) : this.#read(key);
  }

  /** @throws Failure */
  async store(key: string, credentials: Credentials): Promise<void> {
    const helper = this.#helper(key);
    await helper?.store(key, credentials);
    if (this.#credsStore !== this.#config.file.credsStore) setConfigMember(this.#config.folder, "credsStore", this.#credsStore);
    const { username, password, identityToken } = credentials;
    const auth = Buffer.from(`${username}:${password}`).toString("base64");
    this.#write({ ...this.#auths(), [key]: helper ? {} : { auth, ...(identityToken && { identitytoken: identityToken }) } });
  }

  /** @throws Failure */
  async erase(key: string): Promise<void> {
    await this.#helper(key)?.erase(key);
    const { [key]: entry, ...others } = this.#auths();
    if (entry !== undefined) this.#write(others);
  }

  #helper(key: string): CredentialHelper | undefined {
    const { credHelpers = {} } = this.#config.file;
    const name = (Object.hasOwn(credHelpers, key) ? credHelpers[key] : undefined) || this.#credsStore;
    return name ? new CredentialHelper(name) : undefined;
  }

  /** Old files name registries by URL. */
  #read(key: string): Credentials | undefined {
    const auths = this.#auths();
    const name = Object.hasOwn(auths, key) ? key : Object.keys(auths).find((each) => hostnameOf(each) === hostnameOf(key));
    return name === undefined ? undefined : credentialsOf(auths[name]);
  }

  #auths(): Auths {
    const { auths } = configMembers(this.#config.folder);
    return typeof auths === "object" && auths !== null ? (auths as Auths) : {};
  }

  #write(auths: Auths): void {
    setConfigMember(this.#config.folder, "auths", Object.fromEntries(Object.entries(auths).sort(([a], [b]) => (a < b ? -1 : 1))));
  }
}

function credentialsOf(entry: unknown): Credentials | undefined {
  const members = Object(entry) as Record<string, unknown>;
  const text = (name: string): string => (typeof members[name] === "string" ? members[name] : "");
  const pair = Buffer.from(text("auth"), "base64").toString("utf8");
  const colon = pair.indexOf(":");
  const credentials = {
    username: colon >= 0 ? pair.slice(0, colon) : text("username"),
    // Docker once padded them with zeros.
    password: (colon >= 0 ? pair.slice(colon + 1) : text("password")).replace(/^\0+|\0+$/g, ""),
    identityToken: text("identitytoken"),
    ...(text("registrytoken") && { registryToken: text("registrytoken") }),
  };
  return credentials.username || credentials.identityToken || credentials.registryToken ? credentials : undefined;
}
