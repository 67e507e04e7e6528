import { up } from "../../../compose/mod.ts";
import { openContext } from "../../compose/context.ts";
import { withScales } from "../../compose/scales.ts";
import type { Invocation } from "../../command.ts";
import { Failure } from "../../failure.ts";
import { openProject } from "./project-options.ts";
import { withoutDependencies } from "./without-dependencies.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags, args } = invocation;
  const names = args.map((arg) => {
    const [name = "", count] = arg.split("=");
    if (count === undefined || !/^\d+$/.test(count)) throw new Failure(`invalid scale specifier: ${arg}`);
    return name;
  });
  const whole = await openProject(invocation, names);
  const project = withScales(flags.bool("no-deps") ? withoutDependencies(whole, names) : whole, args);
  using context = openContext(invocation);
  await up(context, project, { asked: names });
  return 0;
}
