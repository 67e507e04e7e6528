import { rmSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "../base/mod.ts";
import { adoptOrphans, waitExit } from "../linux/mod.ts";
import type { ProcessSpec } from "../spec/mod.ts";
import type { Given } from "./arguments.ts";
import type { RuntimeContext } from "./context.ts";
import { readConfig, readProcess } from "./config.ts";
import { connectConsole, refusePreserved, writePidFile } from "./create.ts";
import { withHome } from "./home.ts";
import { execErrorText } from "./start-error-text.ts";
import { cgroupOf, StateFolder } from "./state.ts";

/** One more process in a running container. @returns its exit code; 0 at once with --detach */
export async function execProcess(ctx: RuntimeContext, given: Given): Promise<number> {
  const folder = new StateFolder(ctx.root, given.id());
  const state = folder.read();
  const status = folder.status(state);
  if (status !== "running" && status !== "created") throw new EngineError("Conflict", `cannot exec in a ${status} container`);
  refusePreserved(given);
  const { spec } = readConfig(folder.config, state.bundle);
  const process = withHome(processOf(given, spec.process), state.rootfs);
  const consoleFd = connectConsole({ spec: { ...spec, process } }, given.value("console-socket"));
  const detach = given.on("detach");
  if (!detach) adoptOrphans();
  const socket = join(folder.dir, `e${globalThis.process.pid}`);
  const { height = 0, width = 0 } = process.consoleSize ?? {};
  try {
    const shim = await ctx.spawner.launchExec(state.id, socket, {
      containerPid: state.pid,
      ownUsers: spec.linux.namespaces.some(({ type }) => type === "user"),
      process,
      ...(spec.linux.seccomp && { seccomp: spec.linux.seccomp }),
      cgroup: cgroupOf(state).join,
      stdio: { tty: process.terminal, openStdin: true, rows: height, cols: width, attachOutput: false },
      exitFile: "",
      letGo: { ...(consoleFd !== undefined && { consoleFd }) },
    });
    const { pid } = await shim.started.catch((error: unknown) => {
      throw new EngineError("System", execErrorText(error, process));
    });
    await shim.exited.catch(() => undefined);
    await ctx.spawner.ended();
    writePidFile(given.value("pid-file"), pid);
    return detach ? 0 : codeOf(await waitExit(pid));
  } finally {
    rmSync(socket, { force: true });
  }
}

export function codeOf(status: Awaited<ReturnType<typeof waitExit>>): number {
  return status === "gone" ? 255 : status.exitCode;
}

function processOf(given: Given, container: ProcessSpec): ProcessSpec {
  const file = given.value("process");
  if (file !== undefined) return readProcess(file);
  const args = given.args.slice(1);
  if (args.length === 0) throw new EngineError("InvalidParameter", "exec args cannot be empty");
  const [uid, gid] = (given.value("user") ?? "").split(":");
  for (const id of [uid, gid]) if (id && !/^\d+$/.test(id)) throw new EngineError("InvalidParameter", `--user: not a number: ${id.slice(0, 32)}`);
  return {
    ...container,
    args,
    terminal: given.on("tty"),
    cwd: given.value("cwd") ?? container.cwd,
    env: [...container.env, ...given.all("env")],
    user: { ...container.user, ...(uid && { uid: Number(uid) }), ...(gid && { gid: Number(gid) }), additionalGids: [...container.user.additionalGids, ...given.all("additional-gids").map(Number)] },
    noNewPrivileges: container.noNewPrivileges || given.on("no-new-privs"),
    capabilities: withCapabilities(container.capabilities, given.all("cap")),
  };
}

function withCapabilities(sets: ProcessSpec["capabilities"], more: readonly string[]): ProcessSpec["capabilities"] {
  return { ...sets, bounding: [...sets.bounding, ...more], effective: [...sets.effective, ...more], permitted: [...sets.permitted, ...more] };
}
