import { lstatSync, readFileSync, readlinkSync } from "node:fs";
import { createExec, startExecDetached, writeArchive, type Client } from "../../../client/mod.ts";
import { encodeEntries, type ObservedContainer, type TarEntry } from "../../../compose/mod.ts";
import { Failure } from "../../failure.ts";
import { targetOf, type Trigger } from "./triggers.ts";

/** Longer than this is no source file: it would be held in memory. */
const MAX_FILE_BYTES = 512 << 20;

/** One path of this machine and where it goes. */
export interface Change {
  readonly trigger: Trigger;
  readonly path: string;
}

/** Brings changed paths into containers: what is there is copied, what is gone is removed there too. */
export async function sync(client: Client, containers: readonly ObservedContainer[], changes: readonly Change[]): Promise<void> {
  const present = changes.filter(({ path }) => lstatSync(path, { throwIfNoEntry: false }) !== undefined);
  const gone = changes.filter((change) => !present.includes(change)).map(({ trigger, path }) => targetOf(trigger, path));
  await Promise.all(containers.map(async ({ id, state }) => {
    if (gone.length > 0 && state === "running") await removePaths(client, id, gone);
    if (present.length > 0) await writeArchive(client, id, "/", { body: encodeEntries(entriesOf(present)) }, false);
  }));
}

async function removePaths(client: Client, container: string, paths: readonly string[]): Promise<void> {
  const { Id } = await createExec(client, container, { Cmd: ["rm", "-rf", "--", ...paths], User: "0" });
  await startExecDetached(client, Id);
}

function* entriesOf(changes: readonly Change[]): Generator<TarEntry, void, void> {
  for (const { trigger, path } of changes) {
    const entry = entryOf(path, targetOf(trigger, path));
    if (entry) yield entry;
  }
}

/** Nothing of what has gone meanwhile, and of sockets and devices. */
function entryOf(path: string, target: string): TarEntry | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return undefined;
  const common = { path: target, mode: stat.mode, mtimeSeconds: stat.mtimeMs / 1000 };
  if (stat.isDirectory()) return { kind: "folder", ...common };
  if (stat.isSymbolicLink()) return { kind: "link", target: readlinkSync(path), ...common };
  if (!stat.isFile()) return undefined;
  if (stat.size > MAX_FILE_BYTES) throw new Failure(`${path} is too large to be synced: list it below "ignore"`);
  try {
    return { kind: "file", bytes: readFileSync(path), ...common };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
