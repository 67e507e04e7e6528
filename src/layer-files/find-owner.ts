import { EngineError } from "../base/mod.ts";
import type { MergedTree } from "./merged-tree.ts";
import type { Owner } from "./target-folder.ts";

const MAX_FILE_BYTES = 4 * 1024 * 1024;
const MAX_ID = 2 ** 31 - 1;

/** `user[:group]` of --chown by the names of the base's passwd and group files; a user alone brings the group it has there. @throws EngineError InvalidParameter */
export function findOwner(text: string, base: MergedTree): Owner {
  if (text === "") return { uid: 0, gid: 0 };
  const [user = "", group = ""] = text.split(":", 2);
  const own = idsOf(user, "/etc/passwd", "user", base);
  return { uid: own.id, gid: group === "" ? own.group : idsOf(group, "/etc/group", "group", base).id };
}

function idsOf(name: string, file: string, what: "user" | "group", base: MergedTree): { readonly id: number; readonly group: number } {
  if (/^\d+$/.test(name)) return { id: checked(name), group: checked(name) };
  const lines = Buffer.from(base.readFile(file, MAX_FILE_BYTES) ?? []).toString("utf8").split("\n");
  const [, , id = "", group = ""] = lines.map((line) => line.split(":")).find(([entry]) => entry === name) ?? [];
  if (!/^\d+$/.test(id)) throw new EngineError("InvalidParameter", `unable to find ${what} ${name.slice(0, 128)}: no matching entries in ${what === "user" ? "passwd" : "group"} file`);
  return { id: checked(id), group: what === "user" && /^\d+$/.test(group) ? checked(group) : checked(id) };
}

function checked(text: string): number {
  const id = Number(text);
  if (id > MAX_ID) throw new EngineError("InvalidParameter", `uids and gids must be in range 0-${MAX_ID}`);
  return id;
}
