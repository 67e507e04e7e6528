import { EngineError } from "../../base/mod.ts";

const MAX_ID = 2 ** 31 - 1;
const MAX_FILE_BYTES = 4 * 1024 * 1024;

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
  const passwd = readFields(files, "/etc/passwd");
  const entry = passwd.find(([name, , uid]) => (userText === "" ? uid === "0" : name === userText || uid === userText));
  const uid = entry ? parseId(entry[2] ?? "") : userText === "" ? 0 : numeric(userText, "user", "passwd");
  const needsGroups = groupText !== "" || groupAdd.length > 0 || entry !== undefined;
  const groups = needsGroups ? readFields(files, "/etc/group") : [];
  const gid = groupText !== "" ? findGroup(groupText, groups) : entry ? parseId(entry[3] ?? "") : 0;
  const memberships = groupText === "" && entry ? groups.filter(([, , , members]) => members?.split(",").includes(entry[0] ?? "")).map(([, , id]) => parseId(id ?? "")) : [];
  const added = groupAdd.map((group) => findGroup(group, groups));
  return { uid, gid, additionalGids: [...new Set([gid, ...memberships, ...added])], home: entry?.[5] || "/" };
}

function findGroup(text: string, groups: readonly string[][]): number {
  const entry = groups.find(([name, , gid]) => name === text || gid === text);
  return entry ? parseId(entry[2] ?? "") : numeric(text, "group", "group");
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

function readFields(files: RootFiles, path: string): string[][] {
  const bytes = files.readFile(path, MAX_FILE_BYTES);
  if (!bytes) return [];
  return new TextDecoder()
    .decode(bytes)
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.trim().split(":"));
}
