import { listBuilds, type Client } from "../../client/mod.ts";
import type { BuildRecord } from "../../spec/mod.ts";
import { Failure } from "../failure.ts";

/** By its reference or the beginning of one; `^` and `^2` count back from the latest, which none at all means. @throws Failure in docker's words */
export async function findRecord(client: Client, ref: string | undefined): Promise<BuildRecord> {
  const records = await listBuilds(client);
  const back = /^\^(\d*)$/.exec(ref ?? "^0");
  const found = back ? records[Number(back[1] || "1")] : records.find((record) => record.ref === ref?.split("/").at(-1));
  if (!found) throw new Failure(ref === undefined ? "ERROR: no records found" : `ERROR: no record found for ref ${JSON.stringify(ref)}`);
  return found;
}

export function secondsOf({ createdAt, completedAt }: BuildRecord): number {
  return Math.max(0, ((completedAt === undefined ? Date.now() : Date.parse(completedAt)) - Date.parse(createdAt)) / 1000);
}

/** `4.6s`, `1m 5s`. */
export function durationText(seconds: number): string {
  return seconds < 60 ? `${seconds.toFixed(1)}s` : `${Math.floor(seconds / 60)}m ${Math.floor(seconds % 60)}s`;
}
