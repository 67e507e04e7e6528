import { EngineError } from "../../base/mod.ts";
import { CallFailed, MessageWriter, readFields, STATUS, type Caller, type HeaderList } from "../../grpc/mod.ts";
import type { Digest } from "../../spec/mod.ts";

const CONTENT = "/containerd.services.content.v1.Content/";
const ACTION = { ask: 0, write: 1, commit: 2 } as const;
const MAX_PIECE_BYTES = 1024 * 1024;

/** A content store of a BuildKit client's, as containerd's calls give access to it (content.proto). */
export class ClientStore {
  readonly #caller: Caller;
  readonly #metadata: HeaderList;

  /** @param id what the client knows it by */
  constructor(caller: Caller, id: string) {
    this.#caller = caller;
    this.#metadata = [["buildkit-attachable-store-id", id]];
  }

  /** In bytes. @throws CallFailed */
  async size(digest: Digest): Promise<number> {
    const answer = await this.#caller.ask(`${CONTENT}Info`, new MessageWriter().text(1, digest).finish(), this.#metadata);
    for (const info of readFields(answer)) if (info.number === 1) for (const { number, value } of readFields(info.bytes)) if (number === 2) return value;
    return 0;
  }

  /** Exactly so many bytes. @throws CallFailed, EngineError InvalidParameter when there are more or fewer */
  async *read(digest: Digest, sizeBytes: number): AsyncGenerator<Uint8Array, void, void> {
    using call = this.#caller.open(`${CONTENT}Read`, this.#metadata);
    await call.send(new MessageWriter().text(1, digest).finish());
    call.end();
    let left = sizeBytes;
    for await (const message of call.messages) {
      for (const { number, bytes } of readFields(message)) {
        if (number !== 2) continue;
        left -= bytes.length;
        if (left < 0) throw wrongSize(digest);
        yield bytes;
      }
    }
    if (left > 0) throw wrongSize(digest);
  }

  async write(digest: Digest, sizeBytes: number): Promise<BlobSender> {
    return await BlobSender.open(this.#caller.open(`${CONTENT}Write`, this.#metadata), digest, sizeBytes);
  }
}

const wrongSize = (digest: Digest): EngineError => new EngineError("InvalidParameter", `the client's ${digest} is not of the size that is told`);

type WriteCall = ReturnType<Caller["open"]>;

/** One blob on its way to a client; one that is there already takes nothing. */
export class BlobSender {
  readonly #call: WriteCall;
  readonly #digest: Digest;
  readonly #sizeBytes: number;
  readonly #reference = `hako-${crypto.randomUUID()}`;
  #offset = 0;
  #isThere = false;

  private constructor(call: WriteCall, digest: Digest, sizeBytes: number) {
    this.#call = call;
    this.#digest = digest;
    this.#sizeBytes = sizeBytes;
  }

  static async open(call: WriteCall, digest: Digest, sizeBytes: number): Promise<BlobSender> {
    const sender = new BlobSender(call, digest, sizeBytes);
    try {
      await sender.#ask(ACTION.ask, undefined);
    } catch (error) {
      if (!(error instanceof CallFailed) || error.status !== STATUS.exists) {
        sender[Symbol.dispose]();
        throw error;
      }
      sender.#isThere = true;
    }
    return sender;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length && !this.#isThere; at += MAX_PIECE_BYTES) await this.#ask(ACTION.write, bytes.subarray(at, at + MAX_PIECE_BYTES));
  }

  /** Returns when the client has it for good. */
  async end(): Promise<void> {
    if (this.#isThere) return;
    try {
      await this.#ask(ACTION.commit, undefined);
    } catch (error) {
      // Somebody else may have written it meanwhile.
      if (!(error instanceof CallFailed) || error.status !== STATUS.exists) throw error;
    }
    this.#call.end();
  }

  [Symbol.dispose](): void {
    this.#call[Symbol.dispose]();
  }

  async #ask(action: number, data: Uint8Array | undefined): Promise<void> {
    const request = new MessageWriter().number(1, action).text(2, this.#reference).number(3, this.#sizeBytes).text(4, this.#digest).number(5, this.#offset);
    if (data) request.bytes(6, data);
    await this.#call.send(request.finish());
    const { done } = await this.#call.messages.next();
    if (done) throw new EngineError("Unavailable", "the client has ended the transfer");
    this.#offset += data?.length ?? 0;
  }
}
