import { randomBytes } from "node:crypto";
import { deflate, gzip } from "node:zlib";
import { promisify } from "node:util";
import { EngineError, messageOf } from "../base/mod.ts";
import { extraAttributes } from "./attributes.ts";
import { StreamConnection } from "./connection.ts";
import { commandText, type LoggedContainer } from "./container.ts";
import { openUdp } from "./datagram.ts";
import type { Destination, LogDriver } from "./driver.ts";
import type { LogMessage } from "./message.ts";
import { refuse, refuseUnknown, type LogOptions } from "./option-values.ts";
import { logTag } from "./tag.ts";

const OPTIONS: ReadonlySet<string> = new Set([
  "env", "env-regex", "gelf-address", "gelf-compression-level", "gelf-compression-type", "gelf-tcp-max-reconnect", "gelf-tcp-reconnect-delay", "labels", "labels-regex", "tag",
]);
const CHUNK_BYTES = 1420;
const CHUNK_HEADER_BYTES = 12;
const MAX_CHUNKS = 128;
const LEVEL = { stdout: 6, stderr: 3 } as const;
const BEST_SPEED = 1;

const gzipAsync = promisify<Uint8Array, { level: number }, Buffer>(gzip);
const deflateAsync = promisify<Uint8Array, { level: number }, Buffer>(deflate);

interface GelfAddress {
  readonly scheme: "udp" | "tcp";
  readonly host: string;
  readonly port: number;
}

/** Graylog's format, version 1.1, over UDP (in chunks, compressed) or TCP (each message ends with a NUL). */
export const gelf: LogDriver = {
  local: false,
  validate: (options) => {
    const { scheme } = parseAddress(options["gelf-address"]);
    refuseUnknown(options, OPTIONS, (option) => `unknown log opt "${option}" for gelf log driver`);
    validateCompression(options, scheme);
    for (const option of ["gelf-tcp-max-reconnect", "gelf-tcp-reconnect-delay"]) {
      const value = options[option];
      if (value === undefined) continue;
      if (scheme !== "tcp") refuse(`"${option}" is only valid for TCP`);
      if (!/^\d{1,15}$/.test(value)) refuse(`"${option}" must be a positive integer`);
    }
  },
  open: async ({ container, options }) => {
    const address = parseAddress(options["gelf-address"]);
    const encode = encoder(container, options);
    return address.scheme === "tcp" ? await overTcp(address, encode) : await overUdp(address, options, encode);
  },
};

function parseAddress(text: string | undefined): GelfAddress {
  if (!text) return refuse("gelf-address is a required parameter");
  const [, scheme, host = "", port] = /^(udp|tcp):\/\/(\[[^\]]+\]|[^:/]+)(?::(\d{1,5}))?\/?$/.exec(text) ?? [];
  if (scheme !== "udp" && scheme !== "tcp") return refuse(/^(udp|tcp):\/\//.test(text) ? "gelf: please provide gelf-address as proto://host:port" : "gelf: endpoint needs to be TCP or UDP");
  if (port === undefined || Number(port) > 65535) return refuse("gelf: please provide gelf-address as proto://host:port");
  return { scheme, host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
}

function validateCompression(options: LogOptions, scheme: string): void {
  const { "gelf-compression-type": type, "gelf-compression-level": level } = options;
  if ((type !== undefined || level !== undefined) && scheme !== "udp") refuse("compression is only supported on UDP");
  if (type !== undefined && !["gzip", "zlib", "none"].includes(type)) refuse(`unknown value ${JSON.stringify(type.slice(0, 64))} for log opt "gelf-compression-type" for gelf log driver`);
  if (level !== undefined && !/^(-1|[0-9])$/.test(level)) refuse(`unknown value ${JSON.stringify(level.slice(0, 64))} for log opt "gelf-compression-level" for gelf log driver`);
}

function encoder(container: LoggedContainer, options: LogOptions): (message: LogMessage) => string {
  const extra = {
    _container_id: container.id, _container_name: container.name, _image_id: container.imageID, _image_name: container.imageName, _command: commandText(container),
    _tag: logTag(container, options), _created: container.createdAt, ...extraAttributes(container, options, (name) => `_${name}`),
  };
  const sorted = Object.fromEntries(Object.entries(extra).sort(([one], [other]) => (one < other ? -1 : 1)));
  return ({ stream, timeNs, line }) =>
    JSON.stringify({ version: "1.1", host: container.hostname, short_message: Buffer.from(line).toString(), timestamp: Number(timeNs / 1_000_000n) / 1000, level: LEVEL[stream], ...sorted });
}

/** Docker sends no empty lines. */
const said = (messages: readonly LogMessage[]): LogMessage[] => messages.filter(({ line }) => line.length > 0);

async function overTcp(address: GelfAddress, encode: (message: LogMessage) => string): Promise<Destination> {
  const connection = await StreamConnection.dial(address).catch((error: unknown) => {
    throw new EngineError("System", `gelf: cannot connect to GELF endpoint: ${address.host}:${address.port} ${messageOf(error)}`, { cause: error });
  });
  return {
    write: async (messages) => {
      const text = said(messages).map((message) => `${encode(message)}\0`).join("");
      if (text !== "") await connection.write(Buffer.from(text));
    },
    close: () => connection.close(),
  };
}

async function overUdp(address: GelfAddress, options: LogOptions, encode: (message: LogMessage) => string): Promise<Destination> {
  const sender = await openUdp(address.host, address.port);
  const compress = compressor(options);
  return {
    write: async (messages) => {
      for (const message of said(messages)) for (const datagram of chunks(await compress(Buffer.from(encode(message))))) await sender.send(datagram);
    },
    dropped: sender.dropped,
    close: async () => sender.close(),
  };
}

function compressor(options: LogOptions): (bytes: Buffer) => Promise<Buffer> {
  const level = Number(options["gelf-compression-level"] ?? BEST_SPEED);
  switch (options["gelf-compression-type"] ?? "gzip") {
    case "none":
      return async (bytes) => bytes;
    case "zlib":
      return (bytes) => deflateAsync(bytes, { level });
    default:
      return (bytes) => gzipAsync(bytes, { level });
  }
}

/** GELF's chunks: magic, 8 bytes of message id, sequence number, sequence count. What needs more than 128 of them cannot be sent. */
export function chunks(bytes: Buffer): Buffer[] {
  if (bytes.length <= CHUNK_BYTES) return [bytes];
  const room = CHUNK_BYTES - CHUNK_HEADER_BYTES;
  const count = Math.ceil(bytes.length / room);
  if (count > MAX_CHUNKS) return [];
  const id = randomBytes(8);
  return Array.from({ length: count }, (_, number) => Buffer.concat([Buffer.of(0x1e, 0x0f), id, Buffer.of(number, count), bytes.subarray(number * room, (number + 1) * room)]));
}
