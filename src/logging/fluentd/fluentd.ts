import { randomBytes } from "node:crypto";
import { extraAttributes } from "../attributes.ts";
import { StreamConnection, type StreamAddress } from "../connection.ts";
import type { LoggedContainer } from "../container.ts";
import type { Destination, LogDriver } from "../driver.ts";
import type { LogMessage } from "../message.ts";
import { parseBool, parseDuration, parseInteger, parseSize, refuse, refuseUnknown, type LogOptions } from "../option-values.ts";
import { logTag } from "../tag.ts";
import { AckReader, EventTime, pack, type Packable } from "./msgpack.ts";

const OPTIONS: ReadonlySet<string> = new Set([
  "env", "env-regex", "labels", "labels-regex", "tag", "fluentd-address", "fluentd-async", "fluentd-async-reconnect-interval", "fluentd-buffer-limit", "fluentd-max-retries",
  "fluentd-request-ack", "fluentd-retry-wait", "fluentd-sub-second-precision", "fluentd-write-timeout", "fluentd-read-timeout",
]);
const DEFAULT_HOST = "127.0.0.1";
const DEFAULT_PORT = 24224;
const ACK_TIMEOUT_MS = 30_000;

/** Fluentd's forward protocol, version 1, in message mode as Docker's client speaks it. */
export const fluentd: LogDriver = {
  local: false,
  validate: (options) => {
    refuseUnknown(options, OPTIONS, (option) => `unknown log opt '${option}' for fluentd log driver`);
    parseAddress(options["fluentd-address"]);
    check(options, "fluentd-buffer-limit", (text) => parseSize(text, 1024));
    check(options, "fluentd-retry-wait", parseDuration);
    check(options, "fluentd-max-retries", (text) => parseInteger(text, "ParseUint"));
    for (const option of ["fluentd-async", "fluentd-sub-second-precision", "fluentd-request-ack"]) check(options, option, parseBool);
    for (const option of ["fluentd-async-reconnect-interval", "fluentd-write-timeout", "fluentd-read-timeout"]) check(options, option, (text) => checkInterval(option, text));
  },
  open: async ({ container, options }) => {
    const encode = encoder(container, options);
    const connect = (): Promise<Destination> => connectTo(parseAddress(options["fluentd-address"]), encode, isOn(options["fluentd-request-ack"]));
    return isOn(options["fluentd-async"]) ? whenNeeded(connect) : await connect();
  },
};

const isOn = (text: string | undefined): boolean => text !== undefined && text !== "" && parseBool(text);

function check(options: LogOptions, option: string, parse: (text: string) => unknown): void {
  const value = options[option];
  if (value !== undefined && value !== "") parse(value);
}

function checkInterval(option: string, text: string): void {
  try {
    if (parseDuration(text) < 0) refuse("must be a positive duration");
  } catch (error) {
    refuse(`invalid value for ${option}: ${error instanceof Error ? error.message : ""}`);
  }
}

/** `fluentd-address`. @throws EngineError InvalidParameter, in Docker's words */
function parseAddress(given: string | undefined): StreamAddress {
  if (!given) return { host: DEFAULT_HOST, port: DEFAULT_PORT };
  const wrong = (why: string): never => refuse(`invalid fluentd-address (${given.slice(0, 128)}): ${why}`);
  const text = given.includes("://") ? given : `tcp://${given}`;
  const scheme = text.slice(0, text.indexOf("://"));
  const rest = text.slice(scheme.length + 3);
  if (scheme === "unix") return rest === "" || rest === "/" ? wrong("path is empty") : { path: rest };
  if (scheme !== "tcp" && scheme !== "tls") return wrong(`unsupported scheme: '${scheme}'`);
  const slash = rest.indexOf("/");
  if (slash >= 0) return wrong("should not contain a path element");
  const match = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(rest);
  if (!match) return wrong(`address ${rest}: too many colons in address`);
  const port = match[2] || String(DEFAULT_PORT);
  if (!/^\d+$/.test(port)) return wrong(`invalid port: strconv.ParseUint: parsing ${JSON.stringify(port)}: invalid syntax`);
  if (Number(port) > 65535) return wrong(`invalid port: strconv.ParseUint: parsing ${JSON.stringify(port)}: value out of range`);
  return { host: (match[1] ?? "").replace(/^\[|\]$/g, "") || DEFAULT_HOST, port: Number(port), ...(scheme === "tls" && { tls: { skipVerify: false } }) };
}

type Encode = (message: LogMessage, chunk?: string) => Buffer;

function encoder(container: LoggedContainer, options: LogOptions): Encode {
  const tag = logTag(container, options);
  const precise = isOn(options["fluentd-sub-second-precision"]);
  const extra = extraAttributes(container, options);
  return ({ stream, timeNs, line, partial }, chunk) => {
    const record: Record<string, Packable> = { container_id: container.id, container_name: `/${container.name}`, source: stream, log: line, ...extra };
    if (partial) Object.assign(record, { ...(!partial.last && { partial_message: "true" }), partial_id: partial.id, partial_ordinal: String(partial.ordinal), partial_last: String(partial.last) });
    return pack([tag, precise ? new EventTime(timeNs) : Number(timeNs / 1_000_000_000n), record, chunk === undefined ? {} : { chunk }]);
  };
}

/** `fluentd-async`: the container starts whether or not anybody listens. */
function whenNeeded(connect: () => Promise<Destination>): Destination {
  let made: Promise<Destination> | undefined;
  return {
    write: async (messages) => await (await (made ??= connect())).write(messages),
    close: async () => await (await made?.catch(() => undefined))?.close(),
  };
}

async function connectTo(address: StreamAddress, encode: Encode, wantsAck: boolean): Promise<Destination> {
  const acks = new PendingAcks();
  const connection = await StreamConnection.dial(address, (bytes) => acks.receive(bytes));
  return {
    write: async (messages) => {
      if (messages.length === 0) return;
      if (!wantsAck) return await connection.write(Buffer.concat(messages.map((message) => encode(message))));
      const chunks = messages.map(() => randomBytes(16).toString("base64"));
      const acknowledged = acks.expect(chunks);
      await connection.write(Buffer.concat(messages.map((message, index) => encode(message, chunks[index]))));
      await Promise.race([acknowledged, connection.lost]);
    },
    close: () => connection.close(),
  };
}

/** The ids of messages on their way. */
class PendingAcks {
  readonly #reader = new AckReader();
  #missing = new Set<string>();
  #settle: ((error?: Error) => void) | undefined;

  /** Resolves when all are acknowledged; rejects after 30 seconds, or when the receiver says something else. */
  expect(ids: readonly string[]): Promise<void> {
    this.#missing = new Set(ids);
    const all = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => this.#settle?.(new Error("the receiver does not acknowledge")), ACK_TIMEOUT_MS);
      this.#settle = (error) => {
        clearTimeout(timer);
        this.#settle = undefined;
        if (error) reject(error);
        else resolve();
      };
    });
    // The write itself may fail first; then nobody asks any more.
    all.catch(() => undefined);
    return all;
  }

  receive(bytes: Uint8Array): void {
    try {
      for (const id of this.#reader.push(bytes)) this.#missing.delete(id);
      if (this.#missing.size === 0) this.#settle?.();
    } catch (error) {
      this.#settle?.(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
