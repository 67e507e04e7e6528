import { endsLine, type LogMessage } from "../message.ts";

const PLAIN = /^[ !#-%'-;=?-[\]-\x7f]*$/;
const SPECIAL = /[\u0000-\u001f"\\<>&\u2028\u2029]/g;
const ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", '"': '\\"', "\\": "\\\\" };

const escaped = (letter: string): string => ESCAPES[letter] ?? `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** The attributes of a container as they stand in every line; "" when it has none. */
export function attributesText(attributes: Readonly<Record<string, string>>): string {
  if (Object.keys(attributes).length === 0) return "";
  return `,"attrs":${JSON.stringify(attributes).replace(/[<>&\u2028\u2029]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`)}`;
}

/** One line of Docker's json-file, byte for byte, its end of line included. @param attributes as `attributesText` gives them */
export function jsonLine(message: LogMessage, attributes: string): string {
  return `{"log":"${logText(message.line)}${endsLine(message) ? "\\n" : ""}","stream":"${message.stream}"${attributes},"time":"${instantText(message.timeNs)}"}\n`;
}

function logText(line: Uint8Array): string {
  const bytes = Buffer.from(line.buffer, line.byteOffset, line.byteLength);
  const text = bytes.toString("latin1");
  if (PLAIN.test(text)) return text;
  return escapedAsGo(bytes);
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Every byte that is no part of a character becomes the escape of U+FFFD, one each, as Go has it. */
function escapedAsGo(bytes: Buffer): string {
  try {
    return decoder.decode(bytes).replace(SPECIAL, escaped);
  } catch {
    let text = "";
    for (let at = 0; at < bytes.length; ) {
      const length = characterBytes(bytes, at);
      text += length === 0 ? "\\ufffd" : bytes.toString("utf8", at, at + length).replace(SPECIAL, escaped);
      at += length || 1;
    }
    return text;
  }
}

/** Bytes of the well-formed UTF-8 character at `at`; 0 when there is none. */
function characterBytes(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  try {
    if (at + length > bytes.length) return 0;
    decoder.decode(bytes.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}

let lastSecond = -1n;
let lastSecondText = "";

/** Go's RFC3339Nano in UTC: no zeros at the end of the fraction. */
export function instantText(timeNs: bigint): string {
  const second = timeNs / 1_000_000_000n;
  if (second !== lastSecond) {
    lastSecond = second;
    lastSecondText = new Date(Number(second) * 1000).toISOString().slice(0, 19);
  }
  const fraction = String(timeNs % 1_000_000_000n).padStart(9, "0").replace(/0+$/, "");
  return fraction === "" ? `${lastSecondText}Z` : `${lastSecondText}.${fraction}Z`;
}
