import { EngineError } from "../../base/mod.ts";
import type { Digest } from "../digest.ts";
import type { BuildEvent, BuildWarning, VertexState } from "./events.ts";
import type { BuildResult } from "./request.ts";

/**
 * What the engine says of a build, one JSON text a line on the stream that it opens for it: events as they happen, then how it ended.
 * Times are decimal nanoseconds, bytes base64.
 */
export type BuildMessage = { readonly event: BuildEvent } | { readonly done: BuildResult } | { readonly failed: BuildFailure };

export interface BuildFailure {
  readonly message: string;
  /** The vertex that failed, where one did. */
  readonly vertex: Digest | undefined;
  /** Of a command that ran. */
  readonly exitCode: number | undefined;
  /** The lines of the Dockerfile at fault, as they are shown; "" where none is. */
  readonly excerpt: string;
  /** The step's file system is kept for a shell, as long as the connection lasts. */
  readonly shell: boolean;
}

/** The questions on a build's connection: what a stream is opened with. All but `events` and `shell` are the engine's, and answered by the client. */
export type BuildQuestion =
  /** What happens, and how it ends. Nothing is answered. */
  | { readonly ask: "events" }
  /**
   * The client sends 64 hexadecimal digits, its name for the folder, the length of its listing (u32, little endian) and the listing; the engine the
   * numbers of the entries whose content it wants, as varints of the distance from the one before, and ends; the client then sends these files: of each,
   * pieces that begin with their length, and a zero.
   */
  | { readonly ask: "folder"; readonly name: string; readonly ignore: readonly string[] }
  /** Its bytes; `NotFound` when there is none. */
  | { readonly ask: "file"; readonly name: string; readonly path: string; readonly maxBytes: number }
  | { readonly ask: "secret"; readonly id: string }
  /** Becomes the connection to the agent; as a `probe` only says whether there is one: ends, or fails with `NotFound`. */
  | { readonly ask: "ssh"; readonly id: string; readonly probe?: true }
  /** The engine sends the file; the client ends when it is written. */
  | { readonly ask: "output"; readonly index: number }
  /** The client's, after a failure that says `shell`: a terminal in the failed step's file system. */
  | { readonly ask: "shell"; readonly args: readonly string[]; readonly rows: number; readonly cols: number };

export const KEY_CHARACTERS = 64;

/** Without the line end. */
export function encodeBuildMessage(message: BuildMessage): string {
  const plain = "event" in message && message.event.type === "log" ? { event: { ...message.event, bytes: Buffer.from(message.event.bytes).toString("base64") } } : message;
  return JSON.stringify(plain, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
}

/** @throws EngineError InvalidParameter */
export function decodeBuildMessage(line: string): BuildMessage {
  const message = Object(JSON.parse(line)) as { event?: Record<string, unknown>; done?: BuildResult; failed?: BuildFailure };
  if (message.done) return { done: message.done };
  if (message.failed) return { failed: message.failed };
  const { event } = message;
  if (event?.["type"] === "vertex") return { event: { type: "vertex", vertex: decodeVertex(event["vertex"]) } };
  if (event?.["type"] === "status") return { event: { ...(event as unknown as Extract<BuildEvent, { type: "status" }>), startedNs: BigInt(String(event["startedNs"])), completedNs: instant(event["completedNs"]) } };
  if (event?.["type"] === "log") return { event: { ...(event as unknown as Extract<BuildEvent, { type: "log" }>), bytes: Buffer.from(String(event["bytes"]), "base64"), timeNs: BigInt(String(event["timeNs"])) } };
  if (event?.["type"] === "warning") return { event: { type: "warning", vertex: event["vertex"] as Digest | undefined, warning: event["warning"] as BuildWarning } };
  throw new EngineError("InvalidParameter", "the engine says something of the build that is not known here");
}

const instant = (value: unknown): bigint | undefined => (value === undefined || value === null ? undefined : BigInt(String(value)));

function decodeVertex(value: unknown): VertexState {
  const vertex = Object(value) as VertexState & { readonly startedNs: unknown; readonly completedNs: unknown };
  return { ...vertex, startedNs: instant(vertex.startedNs), completedNs: instant(vertex.completedNs) };
}

/** Splits text that comes in pieces into lines. */
export class LineReader {
  #rest = "";
  readonly #decoder = new TextDecoder();

  /** @throws EngineError TooLarge */
  *push(bytes: Uint8Array, maxCharacters: number): Generator<string, void, void> {
    const text = this.#rest + this.#decoder.decode(bytes, { stream: true });
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
      yield text.slice(from, end);
      from = end + 1;
    }
    this.#rest = text.slice(from);
    if (this.#rest.length > maxCharacters) throw new EngineError("TooLarge", "a line of a build's messages is too long");
  }
}
