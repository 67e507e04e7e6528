import { existsSync } from "node:fs";
import type { EngineContext } from "./context.ts";
import type { ContainerRecord } from "./record.ts";
import { resolveUser, type ResolvedUser } from "./spec-for/user.ts";

/** Users of images; a machine runs few images at a time. */
const KEPT = 256;
const known = new Map<string, ResolvedUser>();

/**
 * A container's user by its own passwd and group files. As long as nothing was written below its /etc these are its image's, and the
 * answer is the same for every container of that image: a start need not read them.
 */
export function userOf(ctx: EngineContext, record: ContainerRecord, text: string): ResolvedUser {
  const root = ctx.snapshots.root(record.id);
  const groupAdd = record.hostConfig.GroupAdd ?? [];
  if (root.kind !== "overlay" || existsSync(`${root.upper}/etc`)) return resolveUser(text, groupAdd, ctx.snapshots.files(record.id));
  const key = JSON.stringify([record.imageID, text, groupAdd]);
  const before = known.get(key);
  if (before) return before;
  const user = resolveUser(text, groupAdd, ctx.snapshots.files(record.id));
  if (known.size >= KEPT) known.clear();
  known.set(key, user);
  return user;
}
