import { lstatSync } from "node:fs";
import { lgetxattr } from "../linux/mod.ts";
import type { EngineContext } from "./context.ts";
import type { ContainerRecord } from "./record.ts";
import { resolveUser, type ResolvedUser } from "./spec-for/user.ts";

/** Users of images; a machine runs few images at a time. */
const KEPT = 256;
const known = new Map<string, ResolvedUser>();

/**
 * A container's user by its own passwd and group files. As long as it has written neither, these are its image's, and the
 * answer is the same for every container of that image: a start or an exec need not read them.
 */
export function userOf(ctx: EngineContext, record: ContainerRecord, text: string): ResolvedUser {
  const root = ctx.snapshots.root(record.id);
  const groupAdd = record.hostConfig.GroupAdd ?? [];
  if (root.kind !== "overlay" || hasOwnUsers(root.upper)) return resolveUser(text, groupAdd, ctx.snapshots.files(record.id));
  const key = JSON.stringify([record.imageID, text, groupAdd]);
  const before = known.get(key);
  if (before) return before;
  const user = resolveUser(text, groupAdd, ctx.snapshots.files(record.id));
  if (known.size >= KEPT) known.clear();
  known.set(key, user);
  return user;
}

/** Whether the writable layer has a passwd or group of its own, or hides the image's by another /etc. */
function hasOwnUsers(upper: string): boolean {
  const etc = lstatSync(`${upper}/etc`, { throwIfNoEntry: false });
  if (!etc) return false;
  if (!etc.isDirectory() || lgetxattr(`${upper}/etc`, "trusted.overlay.opaque") !== undefined) return true;
  return ["passwd", "group"].some((name) => lstatSync(`${upper}/etc/${name}`, { throwIfNoEntry: false }) !== undefined);
}
