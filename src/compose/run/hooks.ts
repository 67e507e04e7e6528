import { createExec, FrameReader, inspectExec, startExec, type Client } from "../../client/mod.ts";
import { ComposeError } from "../errors.ts";
import type { Hook } from "../model/service.ts";
import type { ComposeContext } from "./context.ts";

/** Runs commands in a container, one after the other, and waits for each. @throws ComposeError for one that fails */
export async function runHooks({ client, dryRun }: Pick<ComposeContext, "client" | "dryRun">, container: string, hooks: readonly Hook[], told: (output: Uint8Array) => void = () => undefined): Promise<void> {
  if (dryRun) return;
  for (const hook of hooks) await runHook(client, container, hook, told);
}

async function runHook(client: Client, container: string, { command = [], user, privileged, working_dir, environment = {} }: Hook, told: (output: Uint8Array) => void): Promise<void> {
  const { Id } = await createExec(client, container, {
    AttachStdout: true,
    AttachStderr: true,
    Cmd: [...command],
    Env: Object.entries(environment).flatMap(([name, value]) => (value === null ? [] : [`${name}=${value}`])),
    ...(user !== undefined && { User: user }),
    ...(privileged && { Privileged: true }),
    ...(working_dir !== undefined && { WorkingDir: working_dir }),
  });
  const { connection } = await startExec(client, Id, {});
  try {
    const frames = new FrameReader();
    for (let chunk = await connection.read(); chunk; chunk = await connection.read()) for (const { payload } of frames.push(chunk)) told(payload);
  } finally {
    connection.close();
  }
  const { ExitCode } = await inspectExec(client, Id);
  if (ExitCode !== 0) throw new ComposeError(`hook ${command.join(" ")} exited with status ${ExitCode}`);
}
