import { observeContainers } from "../../../compose/mod.ts";
import type { Invocation } from "../../command.ts";
import { wantsColours } from "../../compose/colours.ts";
import { printLogs } from "../../compose/follow-logs.ts";
import { logLabel } from "../../compose/log-label.ts";
import { LogPrinter } from "../../compose/log-printer.ts";
import { followProject } from "../../compose/project-logs.ts";
import { selection } from "../../compose/selection.ts";
import { Failure } from "../../failure.ts";
import { logTime } from "../../options/time.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags, client } = invocation;
  const { name: project, project: files, services } = await selection(invocation);
  const index = flags.number("index") ?? 0;
  if (index > 0 && services.length !== 1) throw new Failure("--index requires one service to be selected");
  const unknown = files && services.find((service) => !files.services[service]);
  if (unknown !== undefined) throw new Failure(`no such service: ${unknown}`);
  const wanted = services.length > 0 ? services : files && Object.keys(files.services);
  const shows = ({ service, number }: { readonly service: string; readonly number: number }): boolean => (!wanted || wanted.includes(service)) && (index <= 0 || number === index);
  const containers = (await observeContainers(client, project)).filter((container) => shows(container) && (index <= 0 || !container.oneOff)).toSorted((a, b) => (a.service < b.service ? -1 : Number(a.service > b.service)) || a.number - b.number);
  const query = { follow: flags.bool("follow"), timestamps: flags.bool("timestamps"), since: logTime("since", flags.string("since")), until: logTime("until", flags.string("until")), tail: flags.string("tail") };
  const printer = new LogPrinter({ coloured: wantsColours(invocation), prefixed: !flags.bool("no-log-prefix") });
  for (const { name } of containers) printer.add(logLabel(project, name));
  if (query.follow) await followProject({ client, project, shows, query, printer }, containers);
  else for (const { id, name } of containers) await printLogs(client, printer, { id, label: logLabel(project, name) }, query);
  return 0;
}
