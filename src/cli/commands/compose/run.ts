import { resolve } from "node:path";
import { attachContainer, startContainer, waitContainer } from "../../../client/mod.ts";
import { makeOneOff, shellWords, type OneOffOptions, type Project } from "../../../compose/mod.ts";
import type { Invocation } from "../../command.ts";
import { openContext } from "../../compose/context.ts";
import { isDryRun } from "../../compose/dry-run.ts";
import { confirmRemote } from "../../compose/remote/confirm.ts";
import { Failure } from "../../failure.ts";
import type { Flags } from "../../flags.ts";
import { checkLabel, readEnvFile, splitPair } from "../../options/key-value.ts";
import { out } from "../../output.ts";
import { forwardSignals } from "../../signals.ts";
import { stdinIsTerminal, stdoutIsTerminal } from "../../terminal.ts";
import { startJoined } from "../start-joined.ts";
import { openProject } from "./project-options.ts";
import { pullPolicy } from "./up.ts";
import { withoutDependencies } from "./without-dependencies.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags, client } = invocation;
  const [name = "", ...command] = invocation.args;
  if (flags.bool("service-ports") && flags.list("publish").length > 0) throw new Failure("--service-ports and --publish are incompatible");
  const whole = await openProject(invocation, [name]);
  const project = flags.bool("no-deps") ? withoutDependencies(whole, [name]) : whole;
  await confirmRemote(invocation, project);
  const options = oneOffOptions(flags, project, command);
  const dry = isDryRun(invocation);
  if (dry && !flags.bool("detach")) throw new Failure("interactive run is not supported in dry-run mode");
  using context = openContext(invocation, { quiet: flags.bool("quiet") });
  const { id } = await makeOneOff(context, project, name, options);
  context.view.end();
  if (!flags.bool("detach")) return await joined(invocation, id, options);
  if (!dry) await startContainer(client, id);
  out(`${id}\n`);
  return 0;
}

async function joined({ client, flags }: Invocation, id: string, { tty, interactive, autoRemove }: OneOffOptions): Promise<number> {
  const [{ connection }, { result }] = await Promise.all([attachContainer(client, id, { stdin: interactive, stdout: true, stderr: true }), waitContainer(client, id, autoRemove ? "removed" : "next-exit")]);
  const stopForwarding = tty ? undefined : forwardSignals(client, id, tty);
  try {
    return await startJoined(client, id, { connection, wait: result, tty, stdin: interactive });
  } finally {
    stopForwarding?.();
    if (flags.bool("rm")) await result.catch(() => undefined);
  }
}

function oneOffOptions(flags: Flags, project: Project, command: readonly string[]): OneOffOptions {
  const detached = flags.bool("detach");
  const entrypoint = flags.string("entrypoint");
  return {
    command,
    ...(entrypoint !== undefined && { entrypoint: shellWords(entrypoint) }),
    environment: Object.fromEntries([...flags.list("env-from-file").flatMap(readEnvFile), ...flags.list("env")].flatMap((entry) => variable(entry, project))),
    labels: Object.fromEntries(flags.list("label").map((label) => splitPair(checkLabel(label)))),
    user: flags.string("user"),
    workingDir: flags.string("workdir"),
    addedCapabilities: flags.list("cap-add"),
    droppedCapabilities: flags.list("cap-drop"),
    volumes: flags.list("volume").map((volume) => (/^\.{1,2}(\/|:)/.test(volume) ? volume.replace(/^[^:]+/, (path) => resolve(path)) : volume)),
    ports: flags.list("publish"),
    servicePorts: flags.bool("service-ports"),
    aliases: flags.bool("use-aliases"),
    name: flags.string("name"),
    tty: !detached && !flags.bool("no-TTY") && (flags.changed("tty") ? flags.bool("tty") : stdoutIsTerminal() && stdinIsTerminal()),
    interactive: !detached && flags.bool("interactive"),
    autoRemove: flags.bool("rm"),
    removeOrphans: flags.bool("remove-orphans"),
    build: flags.bool("build"),
    pull: pullPolicy(flags.string("pull")),
  };
}

/** A name alone takes its value from where the project's variables come from; one that is set nowhere is not set. */
function variable(entry: string, { environment }: Project): (readonly [string, string])[] {
  if (entry.includes("=")) return [splitPair(entry)];
  const value = environment.get(entry);
  return value === undefined ? [] : [[entry, value]];
}
