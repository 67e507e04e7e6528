import { copyFromContainer } from "../../copy/from-container.ts";
import { splitArgument } from "../../copy/paths.ts";
import { copyToContainer } from "../../copy/to-container.ts";
import { openContext } from "../../compose/context.ts";
import { isDryRun } from "../../compose/dry-run.ts";
import { selection } from "../../compose/selection.ts";
import { containersOf } from "../../compose/service-container.ts";
import type { Invocation } from "../../command.ts";
import { Failure } from "../../failure.ts";
import { asFailure } from "../cp.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags, args, client } = invocation;
  const [source, target] = [splitArgument(args[0] ?? ""), splitArgument(args[1] ?? "")];
  if (source.container !== "" && target.container !== "") throw new Failure("copying between services is not supported");
  if (source.container === "" && target.container === "") throw new Failure("unknown copy direction");
  const service = source.container || target.container;
  const { name: project } = await selection(invocation, []);
  const index = flags.number("index") ?? 0;
  const found = (await containersOf(client, project, service)).filter(({ oneOff, number }) => (flags.bool("all") || !oneOff) && (index <= 0 || number === index));
  // From one of them, to all of them.
  const containers = source.container === "" ? found : found.slice(0, 1);
  if (containers.length === 0) throw new Failure(index > 0 ? `service ${JSON.stringify(service)} is not running container #${index}` : `no container found for service ${JSON.stringify(service)}`);
  using context = openContext(invocation);
  const followLink = flags.bool("follow-link");
  const copies = await Promise.allSettled(containers.map(async ({ id, name }) => {
    const what = source.container === "" ? `copy ${source.path} to ${name}:${target.path}` : `copy ${name}:${source.path} to ${target.path}`;
    context.tell({ id: name, what, text: "Copying", status: "working" });
    if (isDryRun(invocation)) return;
    if (source.container === "") await copyToContainer({ client, container: id, source: source.path, target: target.path, followLink, copyOwners: flags.bool("archive") });
    else await copyFromContainer({ client, container: id, source: source.path, target: target.path, followLink });
    context.tell({ id: name, what, text: "Copied", status: "done" });
  }));
  const failure = copies.find((copy) => copy.status === "rejected");
  if (failure) throw asFailure(failure.reason);
  return 0;
}
