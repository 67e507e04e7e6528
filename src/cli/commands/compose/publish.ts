import { withProfiles, writeProject, writeYaml } from "../../../compose/mod.ts";
import { parseReference, withDefaultTag } from "../../../spec/mod.ts";
import type { Invocation } from "../../command.ts";
import { openContext } from "../../compose/context.ts";
import { mayPublish } from "../../compose/publish/checks.ts";
import { composeLayer, layersOf } from "../../compose/publish/layers.ts";
import { pushArtifact, pushImages, type OciVersion } from "../../compose/publish/push-artifact.ts";
import { EMPTY_CONFIG } from "../../compose/remote/media.ts";
import { Failure } from "../../failure.ts";
import { isLocalRegistry, RemoteManifests } from "../../manifest/remote.ts";
import { imagesOnly, withImageDigests } from "./image-digests.ts";
import { openProject } from "./project-options.ts";
import { pushServices } from "./push.ts";

/** The project's files as an artifact of a registry, as docker-compose publishes them. */
export async function run(invocation: Invocation): Promise<number> {
  const { flags, args, config } = invocation;
  const version = versionOf(flags.string("oci-version") ?? "");
  const [id = ""] = args;
  const withEnvironment = flags.bool("with-env");
  const project = withProfiles(await openProject(invocation, [], undefined, { resolveEnvironment: false }), ["*"]);
  if (!(await mayPublish(project, { withEnvironment, sure: flags.bool("yes") }))) return 0;
  using context = openContext(invocation);
  await pushServices(invocation, context, project);
  const layers = layersOf(project, withEnvironment);
  const pinned = flags.bool("resolve-image-digests") || flags.bool("app") ? await withImageDigests(project, invocation) : undefined;
  if (pinned) layers.push(composeLayer("image-digests.yaml", writeYaml(writeProject(imagesOnly(pinned), "yaml"))));
  context.tell({ id, what: "publishing", text: "", status: "working" });
  if (!context.dryRun) {
    const target = withDefaultTag(parseReference(id));
    const remote = new RemoteManifests(config, isLocalRegistry(target));
    const repository = await remote.repository(target);
    const descriptor = await pushArtifact(repository, target, layers, version);
    if (flags.bool("app")) await pushImages(remote, repository, Object.values(project.services).flatMap(({ image }) => image ?? []), descriptor);
  }
  context.tell({ id, what: "published", text: "", status: "done" });
  context.view.end();
  return 0;
}

function versionOf(said: string): OciVersion | undefined {
  if (said === "") return undefined;
  if (!Object.hasOwn(EMPTY_CONFIG, said)) throw new Failure(`unsupported OCI version: ${said}`);
  return said as OciVersion;
}
