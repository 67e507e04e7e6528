import { readFileSync } from "node:fs";
import { EngineError } from "../../base/mod.ts";
import { StreamConnection, type TlsSettings } from "../connection.ts";
import { openUdp, openUnixDatagram, type DatagramSender } from "../datagram.ts";
import type { Destination, LogDriver, OpenRequest } from "../driver.ts";
import type { LogMessage } from "../message.ts";
import { refuseUnknown, type LogOptions } from "../option-values.ts";
import { logTag } from "../tag.ts";
import { parseSyslogAddress, type SyslogAddress } from "./address.ts";
import { parseFacility, parseFormat } from "./format.ts";

const OPTIONS: ReadonlySet<string> = new Set([
  "env", "env-regex", "labels", "labels-regex", "syslog-address", "syslog-facility", "syslog-tls-ca-cert", "syslog-tls-cert", "syslog-tls-key", "syslog-tls-skip-verify", "syslog-format", "tag",
]);
const LOCAL_SOCKETS = ["/dev/log", "/var/run/syslog", "/var/run/log"];
const SEVERITY = { stdout: 6, stderr: 3 } as const;

/** RFC 3164 and RFC 5424 over whatever a syslog daemon listens on. */
export const syslog: LogDriver = {
  local: false,
  validate: (options) => {
    refuseUnknown(options, OPTIONS, (option) => `unknown log opt '${option}' for syslog log driver`);
    parseSyslogAddress(options["syslog-address"]);
    parseFacility(options["syslog-facility"]);
    parseFormat(options["syslog-format"]);
  },
  open: async ({ container, options }: OpenRequest): Promise<Destination> => {
    const tag = logTag(container, options);
    const facility = parseFacility(options["syslog-facility"]);
    const address = parseSyslogAddress(options["syslog-address"]);
    const { format, counted } = parseFormat(options["syslog-format"]);
    const sender = await openSender(address, options, counted);
    const encode = ({ stream, timeNs, line }: LogMessage): string => `${format({ priority: facility * 8 + SEVERITY[stream], timeNs, hostname: container.hostname, tag, text: Buffer.from(line).toString("latin1") })}\n`;
    return {
      // Docker sends no empty lines.
      write: (messages) => sender.send(messages.filter(({ line }) => line.length > 0).map((message) => Buffer.from(encode(message), "latin1"))),
      dropped: () => sender.dropped?.() ?? 0,
      close: () => sender.close(),
    };
  },
};

interface Sender {
  send(entries: readonly Buffer[]): Promise<void>;
  dropped?(): number;
  close(): Promise<void>;
}

async function openSender(address: SyslogAddress, options: LogOptions, counted: boolean): Promise<Sender> {
  switch (address.network) {
    case "udp":
      return datagrams(await openUdp(address.host, address.port));
    case "unixgram":
      return datagrams(openUnixDatagram(address.path));
    case "unix":
      return stream(await StreamConnection.dial(address), false);
    case "tcp":
      return stream(await StreamConnection.dial(address), false);
    case "tcp+tls":
      // RFC 5425: the length goes before the message.
      return stream(await StreamConnection.dial({ ...address, tls: tlsSettings(options) }), counted);
    case "local":
      return datagrams(openLocal());
    default:
      return address satisfies never;
  }
}

function datagrams(sender: DatagramSender): Sender {
  return {
    send: async (entries) => {
      for (const entry of entries) await sender.send(entry);
    },
    dropped: sender.dropped,
    close: async () => sender.close(),
  };
}

function stream(connection: StreamConnection, counted: boolean): Sender {
  return {
    send: async (entries) => {
      if (entries.length > 0) await connection.write(Buffer.concat(counted ? entries.flatMap((entry) => [Buffer.from(`${entry.length} `), entry]) : entries));
    },
    close: () => connection.close(),
  };
}

function openLocal(): DatagramSender {
  for (const path of LOCAL_SOCKETS) {
    try {
      return openUnixDatagram(path);
    } catch {
      // Not this one, ignoring: the next may be there.
    }
  }
  throw new EngineError("System", "Unix syslog delivery error");
}

function tlsSettings(options: LogOptions): TlsSettings {
  const { "syslog-tls-ca-cert": ca, "syslog-tls-cert": cert, "syslog-tls-key": key } = options;
  return {
    ...(ca && { ca: readPem(ca, (why) => `could not read CA certificate ${JSON.stringify(ca)}: ${why}`) }),
    ...(cert && key && { cert: readPem(cert, (why) => `Could not load X509 key pair: ${why}. Make sure the key is not encrypted`), key: readPem(key, (why) => `Could not load X509 key pair: ${why}. Make sure the key is not encrypted`) }),
    skipVerify: options["syslog-tls-skip-verify"] !== undefined,
  };
}

function readPem(path: string, words: (why: string) => string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    throw new EngineError("InvalidParameter", words(`open ${path}: ${missing ? "no such file or directory" : "it cannot be read"}`));
  }
}
