import { inspectContainer } from "../../client/mod.ts";
import type { ContainerInspect } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import { parseLine } from "../parse.ts";
import { RUN } from "../table/container.ts";
import { stdinIsTerminal, stdoutIsTerminal } from "../terminal.ts";
import * as runCommand from "./run.ts";

const TARGET = "/target";
const SHELL = ["/bin/sh"];

/**
 * A second container of a toolbox image, in the namespaces of the first: its processes, its network, and at /target its
 * files as it sees them. Nothing is written into the first one, and what the toolbox needs is gone when it ends.
 */
export async function run(invocation: Invocation): Promise<number> {
  const { flags, args, client } = invocation;
  const [ref = "", ...command] = args;
  const target = await inspectContainer(client, ref);
  requireRunning(target, ref);
  const image = flags.string("image") ?? "busybox";
  const interactive = command.length === 0 || flags.bool("interactive");
  const words = [
    ...joinFlags(target),
    ...(interactive ? ["--interactive"] : []),
    ...(interactive && stdinIsTerminal() && stdoutIsTerminal() ? ["--tty"] : []),
    ...flags.list("env").flatMap((value) => ["--env", value]),
    // The image's own entry point is not what was asked for.
    "--entrypoint", "/bin/sh", image, "-c", ENTER, "sh", firstProcess(target), ...(command.length > 0 ? command : SHELL),
  ];
  const line = parseLine(words, RUN.flags, false);
  return await runCommand.run({ ...invocation, flags: line.flags, args: line.args });
}

/** Leaves the toolbox's own tools first in the way, and the container's programs after them. */
const ENTER = `ln -s /proc/"$1"/root ${TARGET} && shift && export PATH="$PATH:${["bin", "usr/bin", "sbin", "usr/sbin"].map((folder) => `${TARGET}/${folder}`).join(":")}" && exec "$@"`;

function requireRunning({ State: state }: ContainerInspect, ref: string): void {
  if (state?.Running && !state.Paused) return;
  const instead = state?.Paused ? `hako unpause ${ref}` : `hako start ${ref}, or look at its files with hako cp, hako diff and hako explain`;
  throw new Failure(`container ${ref} is ${state?.Paused ? "paused" : "not running"}, there are no processes to look at: ${instead}`);
}

/** Its first process is number 1, unless it shares somebody's processes. */
function firstProcess({ HostConfig: host, State: state }: ContainerInspect): string {
  return host?.PidMode ? String(state?.Pid ?? 1) : "1";
}

function joinFlags({ Id: id = "", HostConfig: host = {} }: ContainerInspect): string[] {
  const own = `container:${id}`;
  const network = host.NetworkMode === "host" || host.NetworkMode?.startsWith("container:") ? host.NetworkMode : own;
  // The engine's numbers of processes are the host's: another container's are found there too.
  const pid = host.PidMode ? "host" : own;
  const ipc = host.IpcMode === "host" || host.IpcMode?.startsWith("container:") ? host.IpcMode : host.IpcMode === "shareable" ? own : "private";
  return ["--rm", "--user", "0", "--label", `hako.debug=${id}`, "--pid", pid, "--network", network, "--ipc", ipc, "--cap-add", "SYS_PTRACE", "--log-driver", "none"];
}
