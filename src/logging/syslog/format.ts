import { refuse } from "../option-values.ts";

export interface SyslogEntry {
  readonly priority: number;
  readonly timeNs: bigint;
  readonly hostname: string;
  readonly tag: string;
  readonly text: string;
}

export type SyslogFormat = (entry: SyslogEntry) => string;

const FACILITIES = ["kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"];

/** `syslog-facility`: a name or a number. @throws EngineError InvalidParameter */
export function parseFacility(text: string | undefined): number {
  if (!text) return 3;
  const local = /^local([0-7])$/.exec(text)?.[1];
  if (local !== undefined) return 16 + Number(local);
  const named = FACILITIES.indexOf(text);
  if (named >= 0) return named;
  if (/^\d{1,2}$/.test(text) && Number(text) <= 23) return Number(text);
  return refuse("invalid syslog facility");
}

/** `syslog-format`. @throws EngineError InvalidParameter */
export function parseFormat(text: string | undefined): { format: SyslogFormat; counted: boolean } {
  switch (text ?? "") {
    case "":
      return { format: ({ priority, timeNs, tag, text: words }) => `<${priority}>${stamp(timeNs)} ${tag}[${process.pid}]: ${words}`, counted: false };
    case "rfc3164":
      return { format: ({ priority, timeNs, hostname, tag, text: words }) => `<${priority}>${stamp(timeNs)} ${hostname} ${tag}[${process.pid}]: ${words}`, counted: false };
    case "rfc5424":
      return { format: rfc5424(0), counted: true };
    case "rfc5424micro":
      return { format: rfc5424(6), counted: true };
    default:
      return refuse("Invalid syslog format");
  }
}

/** The tag is both APP-NAME and MSGID, as Docker has it. */
function rfc5424(digits: number): SyslogFormat {
  return ({ priority, timeNs, hostname, tag, text }) => `<${priority}>1 ${instant(timeNs, digits)} ${hostname} ${tag} ${process.pid} ${tag} - ${text}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (number: number): string => String(number).padStart(2, "0");

/** RFC 3164's, in local time: it knows no zones. */
function stamp(timeNs: bigint): string {
  const date = new Date(Number(timeNs / 1_000_000n));
  return `${MONTHS[date.getMonth()]} ${String(date.getDate()).padStart(2)} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function instant(timeNs: bigint, digits: number): string {
  const date = new Date(Number(timeNs / 1_000_000n));
  const offset = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 19);
  const fraction = digits > 0 ? `.${String(timeNs % 1_000_000_000n).padStart(9, "0").slice(0, digits)}` : "";
  const zone = offset === 0 ? "Z" : `${offset < 0 ? "-" : "+"}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  return `${local}${fraction}${zone}`;
}
