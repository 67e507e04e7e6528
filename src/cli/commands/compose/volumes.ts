import { listVolumes } from "../../../client/mod.ts";
import { LABELS, observeContainers } from "../../../compose/mod.ts";
import type { Invocation } from "../../command.ts";
import { selection } from "../../compose/selection.ts";
import { Failure } from "../../failure.ts";
import { printListing } from "../../format/listing.ts";
import { VOLUMES } from "../volume-ls.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { client, flags } = invocation;
  const { name, project, services } = await selection(invocation);
  const unknown = project && services.find((service) => !project.services[service]);
  if (unknown !== undefined) throw new Failure(`no such service: ${unknown}`);
  const [{ Volumes }, containers] = await Promise.all([listVolumes(client, { label: [`${LABELS.project}=${name}`] }), services.length > 0 ? observeContainers(client, name) : []]);
  const used = new Set(containers.filter(({ service }) => services.includes(service)).flatMap(({ mounts }) => mounts.map((mount) => mount.Name)));
  const shown = (Volumes ?? []).filter((volume) => services.length === 0 || used.has(volume.Name)).toSorted((a, b) => ((a.Name ?? "") < (b.Name ?? "") ? -1 : 1));
  await printListing(shown, VOLUMES, { format: flags.string("format"), quiet: flags.bool("quiet") });
  return 0;
}
