import { EngineError } from "../base/mod.ts";
import type { MergedTree } from "./merged-tree.ts";
import type { Owner } from "./target-folder.ts";

const MAX_FILE_BYTES = 4 * 1024 * 1024;
const MAX_ID = 2 ** 31 - 1;

/**
 * `user[:group]` of --chown by the names of the base's passwd and group files; a user alone brings the group it has there. As in BuildKit a
 * name that nobody has counts for nothing (root, or the user's group): `unknown` is told of it. @throws EngineError InvalidParameter
 */
export function findOwner(text: string, base: MergedTree, unknown: (sentence: string) => void): Owner {
  if (text === "") return { uid: 0, gid: 0 };
  const [user = "", group = ""] = text.split(":", 2);
  const own = idsOf(user, "/etc/passwd", "user", base);
  if (!own) unknown(`unable to find user ${user.slice(0, 128)}: no matching entries in passwd file; the files are root's`);
  const { id: uid, group: gid } = own ?? { id: 0, group: 0 };
  if (group === "") return { uid, gid };
  const other = idsOf(group, "/etc/group", "group", base);
  if (!other) unknown(`unable to find group ${group.slice(0, 128)}: no matching entries in group file; the files are of group ${gid}`);
  return { uid, gid: other?.id ?? gid };
}

function idsOf(name: string, file: string, what: "user" | "group", base: MergedTree): { readonly id: number; readonly group: number } | undefined {
  if (/^\d+$/.test(name)) return { id: checked(name), group: checked(name) };
  const lines = Buffer.from(base.readFile(file, MAX_FILE_BYTES) ?? []).toString("utf8").split("\n");
  const [, , id = "", group = ""] = lines.map((line) => line.split(":")).find(([entry]) => entry === name) ?? [];
  if (!/^\d+$/.test(id)) return undefined;
  return { id: checked(id), group: what === "user" && /^\d+$/.test(group) ? checked(group) : checked(id) };
}

function checked(text: string): number {
  const id = Number(text);
  if (id > MAX_ID) throw new EngineError("InvalidParameter", `uids and gids must be in range 0-${MAX_ID}`);
  return id;
}
