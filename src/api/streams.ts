import { EngineError, messageOf } from "../base/mod.ts";
import { JSON_TYPE } from "./media-types.ts";
import { stream, type Reply } from "./route.ts";

const line = (value: unknown): Uint8Array => Buffer.from(`${JSON.stringify(value)}\n`);

/** One JSON value per line, each flushed as it comes. */
export async function* jsonLines(values: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const value of values) yield line(value);
}

/** The head at once, the value when it is there; ends without one when the client leaves. */
export function pendingJson(value: Promise<unknown>, signal: AbortSignal): Reply {
  const gone = new Promise<undefined>((resolve) => signal.addEventListener("abort", () => resolve(undefined), { once: true }));
  const chunks = (async function* () {
    const result = await Promise.race([value, gone]);
    if (result !== undefined) yield line(result);
  })();
  return stream(JSON_TYPE, chunks);
}

/**
 * Progress messages. A failure before the first message is an ordinary error answer; a later one
 * is Docker's last line, {"errorDetail": {"message"}, "error"}.
 */
export async function progress(messages: AsyncIterable<unknown>): Promise<Reply> {
  const iterator = messages[Symbol.asyncIterator]();
  const first = await iterator.next();
  const chunks = (async function* () {
    try {
      for (let next = first; !next.done; next = await iterator.next()) yield line(next.value);
    } catch (error) {
      yield line({ errorDetail: { message: messageOf(error) }, error: messageOf(error) });
    } finally {
      await iterator.return?.();
    }
  })();
  return stream(JSON_TYPE, chunks);
}

/** A sentence for what Docker has and this engine has not yet. */
export function notYet(what: string): never {
  throw new EngineError("NotImplemented", what);
}
