import { clearLogs, containerLogs, inspectContainer } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { copyOutput } from "../session.ts";
import { logTime } from "../options/time.ts";

export async function run({ flags, args, client }: Invocation): Promise<number> {
  const name = args[0] ?? "";
  const container = await inspectContainer(client, name);
  if (flags.bool("clear")) {
    await clearLogs(client, container.Id ?? name);
    return 0;
  }
  const answer = await containerLogs(client, container.Id ?? name, {
    follow: flags.bool("follow"),
    timestamps: flags.bool("timestamps"),
    details: flags.bool("details"),
    since: logTime("since", flags.string("since")),
    until: logTime("until", flags.string("until")),
    tail: flags.string("tail"),
  });
  const read = async () => (await answer.body.next()).value ?? undefined;
  await copyOutput({ read }, container.Config?.Tty ?? false);
  return 0;
}
