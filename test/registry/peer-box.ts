/** Where docker, podman, skopeo and buildah are: PEER_BOX names a program that runs `sh COMMAND` there. */
import { readdirSync, readFileSync } from "node:fs";
import { run } from "../harness.ts";

export const box = process.env["PEER_BOX"];

export async function inBox(command: string): Promise<string> {
  const { code, stdout, stderr } = await run([box ?? "", "sh", command], { timeoutMs: 120_000 });
  if (code !== 0) throw new Error(`${command}: exit code ${code}\n${stdout}\n${stderr}`);
  return stdout.trim();
}

/** The box has a network of its own: the server must be in it, and is reached there as this machine. */
export function boxProcess(): number {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const found = pids.find((pid) => commandOf(pid).startsWith("dockerd --storage-driver"));
  if (found === undefined) throw new Error("no dockerd of the box is running");
  return Number(found);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return ""; // it ended while we looked
  }
}
