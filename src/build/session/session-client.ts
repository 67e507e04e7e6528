import { EngineError, type ByteDuplex } from "../../base/mod.ts";
import { KEY_CHARACTERS, MAX_LISTING_BYTES, readAll, writeVarint, type BuildChannel, type BuildQuestion, type BuildStream } from "../../spec/mod.ts";
import type { BuildClient, ClientFolder, FolderSelection } from "../client.ts";
import type { WantedFile } from "../contexts/change-tree.ts";
import type { ContextStore } from "../contexts/store.ts";
import { StreamBytes } from "./stream-bytes.ts";

const MAX_SECRET_BYTES = 500 * 1024;
const MAX_NUMBER_BYTES = 8;

/** What a build asks of the command line at the other end of its connection. */
export class SessionClient implements BuildClient {
  readonly #channel: BuildChannel;
  readonly #contexts: ContextStore;
  readonly #held: (() => Promise<unknown>)[] = [];

  constructor(channel: BuildChannel, contexts: ContextStore) {
    this.#channel = channel;
    this.#contexts = contexts;
  }

  async folder(name: string, { ignore, received, changes }: FolderSelection): Promise<ClientFolder> {
    const stream = this.#ask({ ask: "folder", name, ignore });
    try {
      const bytes = new StreamBytes(counted(stream.input, received));
      const key = Buffer.from(await bytes.take(KEY_CHARACTERS)).toString("latin1");
      const length = Buffer.from(await bytes.take(4)).readUInt32LE();
      if (length > MAX_LISTING_BYTES) throw new EngineError("TooLarge", "the build context has too many files: list what the build does not need in .dockerignore");
      const listing = await bytes.take(length);
      const folder = await this.#contexts.receive(key, listing, (wanted) => {
        changes?.();
        return fetchFiles(stream, bytes, wanted);
      });
      stream.end();
      return folder;
    } catch (error) {
      stream.fail(error);
      throw error;
    }
  }

  async file(name: string, path: string, maxBytes: number): Promise<Uint8Array | undefined> {
    return await this.#small({ ask: "file", name, path, maxBytes }, maxBytes, path);
  }

  async secret(id: string): Promise<Uint8Array | undefined> {
    return await this.#small({ ask: "secret", id }, MAX_SECRET_BYTES, `secret ${id}`);
  }

  /** The first byte may be the answer: whether there is an agent shows when the client has let the stream stand. */
  async ssh(id: string): Promise<ByteDuplex | undefined> {
    const offered = await this.#small({ ask: "ssh", id, probe: true }, 1, `ssh agent ${id}`);
    return offered === undefined ? undefined : this.#ask({ ask: "ssh", id });
  }

  async output(index: number): Promise<{ write(bytes: Uint8Array): Promise<void>; end(): Promise<void> }> {
    const stream = this.#ask({ ask: "output", index });
    return {
      write: (bytes) => stream.write(bytes),
      end: async () => {
        stream.end();
        await readAll(stream, 0, "the answer to what was exported");
      },
    };
  }

  hold(release: () => Promise<unknown>): void {
    this.#held.push(release);
  }

  get holds(): boolean {
    return this.#held.length > 0;
  }

  async release(): Promise<void> {
    await Promise.allSettled(this.#held.splice(0).map((release) => release()));
  }

  async #small(question: BuildQuestion, maxBytes: number, what: string): Promise<Uint8Array | undefined> {
    const stream = this.#ask(question);
    stream.end();
    try {
      return await readAll(stream, maxBytes, what);
    } catch (error) {
      stream.fail(error);
      if (error instanceof EngineError && error.kind === "NotFound") return undefined;
      throw error;
    }
  }

  #ask(question: BuildQuestion): BuildStream {
    return this.#channel.open(question);
  }
}

async function* counted(input: AsyncIterable<Uint8Array>, received: ((bytes: number) => void) | undefined): AsyncGenerator<Uint8Array, void, void> {
  let bytes = 0;
  for await (const piece of input) {
    bytes += piece.length;
    received?.(bytes);
    yield piece;
  }
}

async function* fetchFiles(stream: BuildStream, bytes: StreamBytes, wanted: readonly WantedFile[]): AsyncGenerator<Uint8Array, void, void> {
  const numbers = new Uint8Array(wanted.length * MAX_NUMBER_BYTES);
  let length = 0;
  let previous = -1;
  for (const { number } of wanted) {
    length = writeVarint(numbers, length, number - previous - 1);
    previous = number;
  }
  // Content comes while numbers still go: whoever waits for all of these to be taken may wait for each other.
  const asked = stream.write(numbers.subarray(0, length)).then(() => stream.end());
  asked.catch(() => undefined);
  yield* bytes.rest();
  await asked;
}
