import { EngineError } from "../../base/mod.ts";

const MAX_ID = 2 ** 31 - 1;
const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** Some milliseconds. */
const MAX_LINES = 5000;
/** Of a line of passwd; group has fewer. */
const FIELDS = 7;
const LINE_FEED = 10;

export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: number[];
  readonly home: string;
}

/** Files of the container's root by path; the real one is a snapshot's layers. */
export interface RootFiles {
  readFile(path: string, maxBytes: number): Uint8Array | undefined;
}

/**
 * `user[:group]`, names or numbers, by the container's own passwd and group files. A group that is given replaces the user's
 * supplementary groups; `groupAdd` comes on top.
 * @throws EngineError InvalidParameter, in Docker's words
 */
export function resolveUser(text: string, groupAdd: readonly string[], files: RootFiles): ResolvedUser {
  const colon = text.indexOf(":");
  const userText = colon < 0 ? text : text.slice(0, colon);
  const groupText = colon < 0 ? "" : text.slice(colon + 1);
  const entry = first(linesWith(files, "/etc/passwd", userText === "" ? ":0:" : `${userText}:`), ([name, , uid]) => (userText === "" ? uid === "0" : name === userText || uid === userText));
  const uid = entry ? parseId(entry[2] ?? "") : userText === "" ? 0 : numeric(userText, "user", "passwd");
  const gid = groupText !== "" ? findGroup(groupText, files) : entry ? parseId(entry[3] ?? "") : 0;
  const memberships = groupText === "" && entry ? groupsOf(entry[0] ?? "", files) : [];
  const added = groupAdd.map((group) => findGroup(group, files));
  return { uid, gid, additionalGids: [...new Set([gid, ...memberships, ...added])], home: entry?.[5] || "/" };
}

function groupsOf(user: string, files: RootFiles): number[] {
  if (user === "" || user.includes(",")) return [];
  return [...linesWith(files, "/etc/group", user)].filter(([, , , members]) => `,${members ?? ""},`.includes(`,${user},`)).map(([, , id]) => parseId(id ?? ""));
}

function findGroup(text: string, files: RootFiles): number {
  const entry = first(linesWith(files, "/etc/group", `${text}:`), ([name, , gid]) => name === text || gid === text);
  return entry ? parseId(entry[2] ?? "") : numeric(text, "group", "group");
}

function first(lines: Iterable<string[]>, fits: (fields: string[]) => boolean): string[] | undefined {
  for (const fields of lines) if (fits(fields)) return fields;
  return undefined;
}

function numeric(text: string, what: string, file: string): number {
  if (!/^-?\d+$/.test(text)) throw new EngineError("InvalidParameter", `unable to find ${what} ${text.slice(0, 128)}: no matching entries in ${file} file`);
  return parseId(text);
}

function parseId(text: string): number {
  const id = Number(text);
  if (!/^-?\d+$/.test(text) || id < 0 || id > MAX_ID) throw new EngineError("InvalidParameter", `uids and gids must be in range 0-${MAX_ID}`);
  return id;
}

/**
 * The fields of each line that holds `part`. The file is the container's own and may be of any kind: lines without it cost nothing,
 * and of those that have it a bounded number is looked at.
 */
function* linesWith(files: RootFiles, path: string, part: string): Generator<string[]> {
  const read = files.readFile(path, MAX_FILE_BYTES);
  if (!read) return;
  const bytes = Buffer.from(read.buffer, read.byteOffset, read.byteLength);
  for (let from = 0, count = 0; ; count++) {
    const at = bytes.indexOf(part, from);
    if (at < 0) return;
    if (count === MAX_LINES) throw new EngineError("InvalidParameter", `${path} of the container has more than ${MAX_LINES} lines with ${JSON.stringify(part.slice(0, 128))}`);
    const start = bytes.subarray(from, at).lastIndexOf(LINE_FEED) + 1 + from;
    const end = bytes.indexOf(LINE_FEED, at);
    const line = bytes.toString("utf8", start, end < 0 ? bytes.length : end).trim();
    if (!line.startsWith("#")) yield line.split(":", FIELDS);
    if (end < 0) return;
    from = end + 1;
  }
}
