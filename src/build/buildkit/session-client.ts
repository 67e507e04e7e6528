import { EngineError, type ByteDuplex } from "../../base/mod.ts";
import { CallFailed, MessageWriter, readFields, STATUS, type Caller, type OpenCall } from "../../grpc/mod.ts";
import type { BuildRequest, ExporterRequest, RegistryCredentials } from "../../spec/mod.ts";
import type { BuildClient, ClientFolder, FolderSelection } from "../client.ts";
import type { ContextStore } from "../contexts/store.ts";
import { localStore } from "../cache-import.ts";
import { ClientStore } from "./client-store.ts";
import { layoutArchive, type WantedLayout } from "./layout-archive.ts";
import { LayoutSender } from "./layout-sender.ts";
import { receiveFile, receiveFolder } from "./receive-folder.ts";
import { FolderSender } from "./send-folder.ts";
import type { BuildkitSession } from "./sessions.ts";

const MAX_SECRET_BYTES = 500 * 1024;
const MAX_PIECE_BYTES = 1024 * 1024;

/** What a build asks of a BuildKit client, which offers it on a connection of its own. */
export class BuildkitClient implements BuildClient {
  readonly #session: BuildkitSession;
  readonly #contexts: ContextStore;
  readonly #request: Pick<BuildRequest, "exporters" | "cacheTo">;

  constructor(session: BuildkitSession, contexts: ContextStore, request: Pick<BuildRequest, "exporters" | "cacheTo">) {
    this.#session = session;
    this.#contexts = contexts;
    this.#request = request;
  }

  async folder(name: string, selection: FolderSelection): Promise<ClientFolder> {
    const key = new Bun.CryptoHasher("sha256").update(JSON.stringify(["buildkit", this.#session.sharedKey || this.#session.id, name])).digest("hex");
    return await this.#asking(() => receiveFolder(this.#caller, this.#contexts, key, name, selection));
  }

  async file(name: string, path: string, maxBytes: number): Promise<Uint8Array | undefined> {
    return await this.#asking(() => receiveFile(this.#caller, name, path, maxBytes));
  }

  async secret(id: string): Promise<Uint8Array | undefined> {
    const answer = await this.#optional("/moby.buildkit.secrets.v1.Secrets/GetSecret", id);
    const bytes = answer && dataOf(answer);
    if (bytes && bytes.length > MAX_SECRET_BYTES) throw new EngineError("TooLarge", `secret ${id} is larger than ${MAX_SECRET_BYTES} bytes`);
    return bytes;
  }

  async ssh(id: string): Promise<ByteDuplex | undefined> {
    if ((await this.#optional("/moby.sshforward.v1.SSH/CheckAgent", id)) === undefined) return undefined;
    return duplexOf(this.#caller.open("/moby.sshforward.v1.SSH/ForwardAgent", [["buildkit.ssh.id", id]]));
  }

  async output(index: number): Promise<{ write(bytes: Uint8Array): Promise<void>; end(): Promise<void> }> {
    const { exporters, cacheTo } = this.#request;
    const exporter = exporters[index];
    const store = exporter === undefined ? localStore(cacheTo[index - exporters.length]?.attrs["dest"] ?? "") : isLayout(exporter) ? "export" : undefined;
    if (store !== undefined) {
      const sender = new LayoutSender(new ClientStore(this.#caller, store));
      return { write: (bytes) => this.#asking(() => sender.write(bytes)), end: () => this.#asking(() => sender.end()) };
    }
    const call = this.#caller.open("/moby.filesync.v1.FileSend/DiffCopy", [["buildkit-attachable-exporter-id", String(index)]]);
    if (exporter?.type === "local") return new FolderSender(call);
    return {
      write: async (bytes) => {
        for (let at = 0; at < bytes.length; at += MAX_PIECE_BYTES) await call.send(new MessageWriter().bytes(1, bytes.subarray(at, at + MAX_PIECE_BYTES)).finish());
      },
      end: async () => {
        call.end();
        await this.#asking(() => call.messages.next());
      },
    };
  }

  async *layout(store: string, wanted: WantedLayout): AsyncGenerator<Uint8Array, void, void> {
    try {
      yield* layoutArchive(new ClientStore(this.#caller, store), wanted);
    } catch (error) {
      throw told(error);
    }
  }

  /** For a registry; undefined when the client has none. */
  async credentials(host: string): Promise<RegistryCredentials | undefined> {
    const answer = await this.#optional("/moby.filesync.v1.Auth/Credentials", host);
    let username = "";
    let password = "";
    for (const { number, bytes } of answer ? readFields(answer) : []) {
      if (number === 1) username = Buffer.from(bytes).toString();
      if (number === 2) password = Buffer.from(bytes).toString();
    }
    if (password === "") return undefined;
    return username === "" ? { username, password: "", identityToken: password } : { username, password, identityToken: "" };
  }

  /** The archive that is the context, when it came by the client's standard input. */
  async *upload(path: string): AsyncGenerator<Uint8Array, void, void> {
    using call = this.#caller.open("/moby.upload.v1.Upload/Pull", [["urlpath", path]]);
    call.end();
    for await (const message of call.messages) yield dataOf(message);
  }

  get #caller(): Caller {
    return this.#session.caller;
  }

  async #optional(method: string, id: string): Promise<Uint8Array | undefined> {
    try {
      return await this.#caller.ask(method, new MessageWriter().text(1, id).finish());
    } catch (error) {
      // A client that offers nothing of the kind has none of that name.
      if (error instanceof CallFailed && (error.status === STATUS.notFound || error.status === STATUS.unimplemented || /not found|unset ssh forward key/.test(error.message))) return undefined;
      throw told(error);
    }
  }

  async #asking<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw told(error);
    }
  }
}

/** In place of an archive. */
const isLayout = ({ type, attrs }: ExporterRequest): boolean => (type === "oci" || type === "docker") && attrs["tar"] === "false";

const told = (error: unknown): unknown => (error instanceof CallFailed ? new EngineError("InvalidParameter", error.message, { cause: error }) : error);

function dataOf(message: Uint8Array): Uint8Array {
  let data: Uint8Array = new Uint8Array(0);
  for (const { number, bytes } of readFields(message)) if (number === 1) data = bytes;
  return data;
}

function duplexOf(call: OpenCall): ByteDuplex {
  const over = Promise.withResolvers<void>();
  return {
    input: (async function* () {
      try {
        for await (const message of call.messages) yield dataOf(message);
      } finally {
        over.resolve();
      }
    })(),
    write: (bytes) => call.send(new MessageWriter().bytes(1, bytes).finish()),
    end: () => call.end(),
    closed: over.promise,
  };
}
