import { EngineError } from "../base/mod.ts";
import { extraAttributes } from "./attributes.ts";
import { openUnixDatagram } from "./datagram.ts";
import type { Destination, LogDriver, OpenRequest } from "./driver.ts";
import type { LogMessage } from "./message.ts";
import { refuseUnknown } from "./option-values.ts";
import { logTag } from "./tag.ts";

export const JOURNAL_SOCKET = "/run/systemd/journal/socket";
const OPTIONS: ReadonlySet<string> = new Set(["labels", "labels-regex", "env", "env-regex", "tag"]);
const PRIORITY = { stdout: "6", stderr: "3" } as const;
const LINE_FEED = 10;

/** systemd's native journal protocol. @param socketPath where the journal listens, for tests */
export function journald(socketPath: string = JOURNAL_SOCKET): LogDriver {
  return {
    local: false,
    validate: (options) => refuseUnknown(options, OPTIONS, (option) => `unknown log opt '${option}' for journald log driver`),
    open: async ({ container, options }: OpenRequest): Promise<Destination> => {
      const tag = logTag(container, options);
      const fields = {
        CONTAINER_ID: container.id.slice(0, 12), CONTAINER_ID_FULL: container.id, CONTAINER_NAME: container.name, CONTAINER_TAG: tag, IMAGE_NAME: container.imageName, SYSLOG_IDENTIFIER: tag,
        ...extraAttributes(container, options, fieldName),
      };
      const common = Buffer.concat(Object.entries(fields).map(([name, value]) => field(name, Buffer.from(value))));
      const sender = openJournal(socketPath);
      return {
        write: async (messages) => {
          for (const message of messages) await sender.send(Buffer.concat([...ownFields(message), common]));
        },
        dropped: sender.dropped,
        close: async () => sender.close(),
      };
    },
  };
}

function openJournal(path: string): ReturnType<typeof openUnixDatagram> {
  try {
    return openUnixDatagram(path);
  } catch (error) {
    throw new EngineError("System", "journald is not enabled on this host", { cause: error });
  }
}

function ownFields({ stream, timeNs, line, partial }: LogMessage): Buffer[] {
  const fields = [field("MESSAGE", Buffer.from(line)), field("PRIORITY", Buffer.from(PRIORITY[stream])), field("SYSLOG_TIMESTAMP", Buffer.from(timestamp(timeNs)))];
  if (!partial) return fields;
  return [
    ...fields,
    ...(partial.last ? [] : [field("CONTAINER_PARTIAL_MESSAGE", Buffer.from("true"))]),
    field("CONTAINER_PARTIAL_ID", Buffer.from(partial.id)),
    field("CONTAINER_PARTIAL_ORDINAL", Buffer.from(String(partial.ordinal))),
    field("CONTAINER_PARTIAL_LAST", Buffer.from(String(partial.last))),
  ];
}

/** `NAME=value`, or with a length where the value has line feeds (systemd: JOURNAL_NATIVE_PROTOCOL). */
function field(name: string, value: Buffer): Buffer {
  if (!value.includes(LINE_FEED)) return Buffer.concat([Buffer.from(`${name}=`), value, Buffer.of(LINE_FEED)]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(value.length));
  return Buffer.concat([Buffer.from(`${name}\n`), length, value, Buffer.of(LINE_FEED)]);
}

/** Upper case, digits and underscores, and no underscore in front: those are the journal's own. */
function fieldName(name: string): string {
  return name.toUpperCase().replace(/[^A-Z0-9]/g, "_").replace(/^_+/, "");
}

function timestamp(timeNs: bigint): string {
  return `${new Date(Number(timeNs / 1_000_000n)).toISOString().slice(0, 19)}.${String(timeNs % 1_000_000_000n).padStart(9, "0")}Z`;
}
