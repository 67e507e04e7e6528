import { listProcesses } from "../linux/mod.ts";
import type { Given } from "./arguments.ts";
import type { RuntimeContext } from "./context.ts";
import { cgroupOf, listStates, StateFolder, stateShape } from "./state.ts";

export function printState(ctx: RuntimeContext, id: string): void {
  const folder = new StateFolder(ctx.root, id);
  ctx.print(`${JSON.stringify(stateShape(folder, folder.read()), null, 2)}\n`);
}

export function printList(ctx: RuntimeContext, given: Given): void {
  const states = listStates(ctx.root).map((folder) => stateShape(folder, folder.read()));
  if (given.on("quiet")) ctx.print(states.map(({ id }) => `${String(id)}\n`).join(""));
  else if (given.value("format") === "json") ctx.print(`${JSON.stringify(states)}\n`);
  else ctx.print(table(["ID", "PID", "STATUS", "BUNDLE", "CREATED"], states.map(({ id, pid, status, bundle, created }) => [id, pid, status, bundle, created].map(String))));
}

export function printProcesses(ctx: RuntimeContext, given: Given): void {
  const pids = cgroupOf(new StateFolder(ctx.root, given.id()).read()).pids();
  if (given.value("format") === "json") return ctx.print(`${JSON.stringify(pids)}\n`);
  const rows = listProcesses(pids).map(({ uid, pid, ppid, tty, command }) => [uid, pid, ppid, tty, command].map(String));
  ctx.print(table(["UID", "PID", "PPID", "TTY", "CMD"], rows));
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines.map((line) => `${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("   ").trimEnd()}\n`).join("");
}
