import { readSmallText } from "./proc.ts";

/** Names of users and groups as passwd(5) and group(5) of this machine have them. */
export interface Accounts {
  user(uid: number): string | undefined;
  group(gid: number): string | undefined;
}

export function readAccounts(): Accounts {
  const [users, groups] = [namesIn("/etc/passwd"), namesIn("/etc/group")];
  return { user: (uid) => users.get(uid), group: (gid) => groups.get(gid) };
}

/** `name:x:number:…` lines; the first of a number counts. */
function namesIn(path: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of (readSmallText(path) ?? "").split("\n")) {
    const [name = "", , number = ""] = line.split(":");
    if (name !== "" && /^\d+$/.test(number) && !names.has(Number(number))) names.set(Number(number), name);
  }
  return names;
}
