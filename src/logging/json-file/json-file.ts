import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, renameSync, rmSync, write } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { extraAttributes } from "../attributes.ts";
import type { LoggedContainer } from "../container.ts";
import type { Destination, LogDriver, OpenRequest } from "../driver.ts";
import { frameLogSettings } from "../frame-log-settings.ts";
import type { LogMessage } from "../message.ts";
import { refuseUnknown, type LogOptions } from "../option-values.ts";
import { logTag } from "../tag.ts";
import { compressFile } from "./compress-file.ts";
import { attributesText, instantText, jsonLine } from "./json-line.ts";

const writeAsync = promisify(write);
export const JSON_FILE_OPTIONS: ReadonlySet<string> = new Set(["max-file", "max-size", "compress", "labels", "labels-regex", "env", "env-regex", "tag"]);
const FILE_MODE = 0o640;

export const jsonLogPath = (dir: string, id: string): string => join(dir, `${id}-json.log`);

/** Docker's json-file: a line of JSON per message, for programs that read it from the disk. */
export const jsonFile: LogDriver = {
  local: true,
  validate: (options) => refuseUnknown(options, JSON_FILE_OPTIONS, (option) => `unknown log opt '${option}' for json-file log driver`),
  open: async (request) => new JsonFile(request),
};

/** What `--details` shows and every line of a json-file holds. @throws EngineError InvalidParameter, in Docker's words */
export function jsonAttributes(container: LoggedContainer, options: LogOptions): Record<string, string> {
  const attributes = extraAttributes(container, options);
  if (options["tag"]) attributes["tag"] = logTag(container, options);
  return Object.fromEntries(Object.entries(attributes).sort(([one], [other]) => (one < other ? -1 : 1)));
}

interface Mark {
  readonly file: string;
  readonly bytes: number;
}

/**
 * The file that is written and, beside it, `.1`, `.2` …, the older ones. The mark says how long the file was when the last
 * messages were acknowledged: what a crash left behind that is cut off, and written again.
 */
class JsonFile implements Destination {
  readonly #path: string;
  readonly #attributes: string;
  readonly #maxBytes: number;
  readonly #maxFiles: number;
  readonly #compress: boolean;
  #fd: number | undefined;
  #bytes = 0;
  #lastTimeNs = 0n;
  #compressing: Promise<void> = Promise.resolve();

  constructor({ container, options, dir, mark }: OpenRequest) {
    const { maxBytes, maxFiles, compress } = frameLogSettings("json-file", options);
    this.#maxBytes = maxBytes ?? Infinity;
    this.#maxFiles = maxFiles ?? 1;
    this.#compress = compress;
    this.#attributes = attributesText(jsonAttributes(container, options));
    this.#path = jsonLogPath(dir, container.id);
    this.#open();
    if (isMark(mark)) this.#cutBack(mark);
  }

  async write(messages: readonly LogMessage[]): Promise<void> {
    let lines: string[] = [];
    let waiting = 0;
    for (const message of messages) {
      if (this.#bytes + waiting >= this.#maxBytes) {
        await this.#append(lines);
        lines = [];
        waiting = 0;
        await this.#rotate();
      }
      const line = jsonLine(message, this.#attributes);
      lines.push(line);
      if (this.#maxBytes !== Infinity) waiting += Buffer.byteLength(line);
      this.#lastTimeNs = message.timeNs;
    }
    await this.#append(lines);
  }

  mark(): Mark {
    return { file: this.#fd === undefined ? "" : inode(this.#fd), bytes: this.#bytes };
  }

  async close(): Promise<void> {
    await this.#compressing;
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #open(): void {
    this.#fd = openSync(this.#path, "a", FILE_MODE);
    this.#bytes = fstatSync(this.#fd).size;
  }

  #cutBack({ file, bytes }: Mark): void {
    if (this.#fd === undefined || file !== inode(this.#fd) || bytes >= this.#bytes) return;
    ftruncateSync(this.#fd, bytes);
    this.#bytes = bytes;
  }

  async #append(lines: readonly string[]): Promise<void> {
    if (lines.length === 0 || this.#fd === undefined) return;
    const bytes = Buffer.from(lines.join(""));
    const before = this.#bytes;
    for (let written = 0; written < bytes.length; ) {
      try {
        written += (await writeAsync(this.#fd, bytes, written, bytes.length - written, null)).bytesWritten;
      } catch (error) {
        // A full disk: half a line must not stay, all of it is written again.
        ftruncateSync(this.#fd, before);
        throw error;
      }
    }
    this.#bytes += bytes.length;
  }

  async #rotate(): Promise<void> {
    await this.close();
    if (this.#maxFiles > 1) {
      this.#shift();
      renameSync(this.#path, `${this.#path}.1`);
      if (this.#compress) this.#compressing = compressFile(`${this.#path}.1`, instantText(this.#lastTimeNs)).catch(() => undefined);
    } else rmSync(this.#path, { force: true });
    this.#open();
  }

  /** Each older file takes the next number; the oldest goes. */
  #shift(): void {
    for (const ending of ["", ".gz"]) {
      rmSync(`${this.#path}.${this.#maxFiles - 1}${ending}`, { force: true });
      for (let number = this.#maxFiles - 2; number >= 1; number -= 1) {
        const from = `${this.#path}.${number}${ending}`;
        if (existsSync(from)) renameSync(from, `${this.#path}.${number + 1}${ending}`);
      }
    }
  }
}

/** Also its birth: the number alone may be given to a new file at once. */
function inode(fd: number): string {
  const { ino, birthtimeNs } = fstatSync(fd, { bigint: true });
  return `${ino}-${birthtimeNs}`;
}

function isMark(mark: unknown): mark is Mark {
  return typeof mark === "object" && mark !== null && "file" in mark && typeof mark.file === "string" && "bytes" in mark && typeof mark.bytes === "number";
}
