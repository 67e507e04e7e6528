import { exportContainer } from "../../../client/mod.ts";
import { openContext } from "../../compose/context.ts";
import { isDryRun } from "../../compose/dry-run.ts";
import { serviceContainer } from "../../compose/service-container.ts";
import type { Invocation } from "../../command.ts";
import { writeArchive } from "../../options/output-file.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags, args, client } = invocation;
  const { id, name } = await serviceContainer(invocation, args[0] ?? "", { index: flags.number("index"), stopped: true });
  const output = flags.string("output") ?? "";
  using context = openContext(invocation);
  const what = `export ${name} to ${output === "" ? "STDOUT" : output}`;
  context.tell({ id: name, what, text: "Exporting", status: "working" });
  if (!isDryRun(invocation)) await writeArchive(output, "export container", () => exportContainer(client, id));
  context.tell({ id: name, what, text: "Exported", status: "done" });
  return 0;
}
