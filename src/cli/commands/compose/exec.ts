import type { ExecCreateRequest } from "../../../spec/mod.ts";
import type { Invocation } from "../../command.ts";
import { isDryRun, sayDry } from "../../compose/dry-run.ts";
import { serviceContainer } from "../../compose/service-container.ts";
import { set } from "../../options/set.ts";
import { stdinIsTerminal, stdoutIsTerminal } from "../../terminal.ts";
import { execIn } from "../exec.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags, client } = invocation;
  const [service = "", ...command] = invocation.args;
  const { id, name } = await serviceContainer(invocation, service, { index: flags.number("index"), oneOff: true });
  if (isDryRun(invocation)) return sayDry(`Container ${name}`, `exec ${command.join(" ")}`);
  const detached = flags.bool("detach");
  const request: ExecCreateRequest = {
    AttachStdin: !detached && flags.bool("interactive"),
    AttachStdout: !detached,
    AttachStderr: !detached,
    Tty: !flags.bool("no-tty") && (flags.bool("tty") || (stdoutIsTerminal() && stdinIsTerminal())),
    Cmd: command,
    Env: flags.list("env").flatMap((entry) => (entry.includes("=") ? [entry] : process.env[entry] === undefined ? [] : [`${entry}=${process.env[entry]}`])),
    ...(flags.bool("privileged") && { Privileged: true }),
  };
  set(request, "User", flags.string("user"));
  set(request, "WorkingDir", flags.string("workdir"));
  return await execIn(client, id, request, { detached });
}
