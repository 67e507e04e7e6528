import { pullImage, readJsonLines } from "../../client/mod.ts";
import { ComposeError, type ImageWork, type Service } from "../../compose/mod.ts";
import { familiarRepository, parseReference, withDefaultTag } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { registryHeader } from "../credentials/registry-header.ts";
import { showProgress } from "../progress.ts";
import type { ProgressView } from "./progress-view.ts";

/** Images for a project: pulled with the user's credentials, built as `build` does. */
export function imageWork({ client, config }: Invocation, view: ProgressView): ImageWork {
  const pull = async (service: Service, image: string): Promise<void> => {
    const id = `Image ${image}`;
    view.tell({ id, text: "Pulling", status: "working" });
    try {
      const reference = withDefaultTag(parseReference(image));
      const answer = await pullImage(client, { fromImage: familiarRepository(reference), tag: reference.digest ?? reference.tag, platform: service.platform }, await registryHeader(config, reference));
      await showProgress(readJsonLines(answer.body), undefined, {});
    } catch (error) {
      view.tell({ id, text: "Error", status: "error", detail: error instanceof Error ? error.message : String(error) });
      throw error;
    }
    view.tell({ id, text: "Pulled", status: "done" });
  };
  const build: ImageWork["build"] = async (_, [first]) => {
    throw new ComposeError("images cannot be built yet", { path: `services.${first?.name}.build`, fix: "build it with `docker build -t`, and name it with `image:`" });
  };
  return { pull, build };
}
