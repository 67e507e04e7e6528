import { pullImage, readJsonLines } from "../../client/mod.ts";
import { imageOf, type ImageWork, type Service } from "../../compose/mod.ts";
import { familiarRepository, parseReference, withDefaultTag } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { registryHeader } from "../credentials/registry-header.ts";
import { showProgress } from "../progress.ts";
import type { ProgressView } from "./progress-view.ts";

/** Images for a project: pulled with the user's credentials, built as `build` does. */
export function imageWork(invocation: Invocation, view: ProgressView): ImageWork {
  const { client, config } = invocation;
  const pull = async (service: Service, image: string): Promise<void> => {
    const id = service.name;
    const silent = isSet(invocation, "quiet-pull");
    if (!silent) view.tell({ id, what: "Pulling", text: "", status: "working" });
    try {
      const reference = withDefaultTag(parseReference(image));
      const answer = await pullImage(client, { fromImage: familiarRepository(reference), tag: reference.digest ?? reference.tag, platform: service.platform }, await registryHeader(config, reference));
      await showProgress(readJsonLines(answer.body), undefined, {});
    } catch (error) {
      view.tell({ id, what: "Error", text: "", status: "error", detail: error instanceof Error ? error.message : String(error) });
      throw error;
    }
    if (!silent) view.tell({ id, what: "Pulled", text: "", status: "done" });
  };
  const build: ImageWork["build"] = async (project, services) => {
    view.end();
    // Half of the program's start: loaded where something is built.
    const [{ buildTargets }, { serviceTargets }, { chooseDisplay }] = await Promise.all([import("../build/targets.ts"), import("./service-targets.ts"), import("../build/progress/choose-display.ts")]);
    await buildTargets({ ...invocation, variables: Object.fromEntries(project.environment) }, serviceTargets(project, services), await chooseDisplay({ progress: buildProgress(invocation), quiet: wantsQuiet(invocation) }));
    for (const service of services) view.tell({ id: `Image ${imageOf(service, project)}`, text: "Built", status: "done" });
  };
  return { pull, build };
}

/** What --progress says of the whole command is meant for the build as well. */
export function buildProgress({ group }: Invocation): string | undefined {
  const said = group?.string("progress");
  return said === "json" ? "rawjson" : said || undefined;
}

const isSet = ({ flags }: Invocation, name: string): boolean => flags.has(name) && flags.bool(name);
const wantsQuiet = (invocation: Invocation): boolean => ["quiet-build", "quiet"].some((name) => isSet(invocation, name));
