import { pushImage, readJsonLines } from "../../../client/mod.ts";
import type { Project, Service } from "../../../compose/mod.ts";
import { familiarRepository, parseReference, withDefaultTag } from "../../../spec/mod.ts";
import { openContext, type OpenContext } from "../../compose/context.ts";
import { isDryRun } from "../../compose/dry-run.ts";
import type { Invocation } from "../../command.ts";
import { registryHeader } from "../../credentials/registry-header.ts";
import { showProgress } from "../../progress.ts";
import { openProject } from "./project-options.ts";
import { withoutDependencies } from "./without-dependencies.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags, args } = invocation;
  const whole = await openProject(invocation, args);
  const project = args.length > 0 && !flags.bool("include-deps") ? withoutDependencies(whole, args) : whole;
  using context = openContext(invocation, { quiet: flags.bool("quiet") });
  const failures = await pushServices(invocation, context, project);
  context.view.end();
  if (failures.length > 0 && !flags.bool("ignore-push-failures")) throw failures[0];
  return 0;
}

/** Pushes what is built here, all at once. @returns what failed, which has been told */
export async function pushServices(invocation: Invocation, context: OpenContext, { services }: Project): Promise<readonly unknown[]> {
  const failures: unknown[] = [];
  await Promise.all(Object.values(services).map((service) => push(invocation, context, service).catch((error: unknown) => void failures.push(error))));
  return failures;
}

/** What is not built here is somebody else's. */
async function push(invocation: Invocation, { tell, client }: OpenContext, { name, image, build }: Service): Promise<void> {
  if (!build || image === undefined) return tell({ id: name, what: "Skipped", text: "", status: "done" });
  tell({ id: name, what: "Pushing", text: "", status: "working" });
  try {
    const reference = withDefaultTag(parseReference(image));
    if (!isDryRun(invocation)) {
      const answer = await pushImage(client, familiarRepository(reference), { tag: reference.digest ?? reference.tag }, await registryHeader(invocation.config, reference));
      await showProgress(readJsonLines(answer.body), undefined);
    }
    tell({ id: name, what: "Pushed", text: "", status: "done" });
  } catch (error) {
    tell({ id: name, what: "Error", text: "", status: "error", detail: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}
