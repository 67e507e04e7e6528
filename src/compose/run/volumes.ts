import { createVolume, inspectVolume } from "../../client/mod.ts";
import { ComposeError } from "../errors.ts";
import { volumeHash } from "../hash.ts";
import { COMPOSE_VERSION, LABELS } from "../labels.ts";
import type { Project } from "../model/project.ts";
import type { Volume } from "../model/resources.ts";
import type { ComposeContext } from "./context.ts";
import { ignoreMissing } from "./networks.ts";
import type { ObservedVolume } from "./observe.ts";
import { together } from "./order.ts";
import { during } from "./progress.ts";

/** Makes the volumes that are missing. What is kept in one is never thrown away for a change in the file: that is said. @throws ComposeError for an external one that is missing */
export async function makeVolumes(context: ComposeContext, project: Project, observed: readonly ObservedVolume[]): Promise<void> {
  await together(Object.entries(project.volumes), async ([key, volume]) => {
    const name = volume.name ?? key;
    const there = observed.find((each) => each.name === name);
    if (there) return sayDivergence(context, volume, there);
    const taken = await inspectVolume(context.client, name).catch(ignoreMissing);
    if (volume.external) {
      if (!taken) throw new ComposeError(`external volume ${JSON.stringify(name)} not found`, { path: `volumes.${key}`, fix: `make it: docker volume create ${name}` });
      return;
    }
    if (taken) return context.warn(foreign(project, name, taken.Labels?.[LABELS.project]));
    await during(context.tell, `Volume ${name}`, ["Creating", "Created"], () => createVolume(context.client, newVolume(project, key, volume)));
  }, context.parallel);
}

function sayDivergence({ warn }: ComposeContext, volume: Volume, { name, configHash }: ObservedVolume): void {
  if (configHash === undefined || configHash === volumeHash(volume)) return;
  warn(`Volume ${JSON.stringify(name)} exists but doesn't match configuration in compose file. It is used as it is; to make it anew, and lose what is in it: docker volume rm ${name}`);
}

function foreign(project: Project, name: string, owner: string | undefined): string {
  if (owner === undefined) return `volume ${JSON.stringify(name)} already exists but was not created by Docker Compose. Use \`external: true\` to use an existing volume`;
  return `volume ${JSON.stringify(name)} already exists but was created for project ${JSON.stringify(owner)} (expected ${JSON.stringify(project.name)}). Use \`external: true\` to use an existing volume`;
}

function newVolume(project: Project, key: string, volume: Volume): Parameters<typeof createVolume>[1] {
  const { name = key, driver, driver_opts, labels } = volume;
  return {
    Name: name,
    ...(driver !== undefined && { Driver: driver }),
    ...(driver_opts && { DriverOpts: driver_opts }),
    Labels: { ...labels, [LABELS.project]: project.name, [LABELS.volume]: key, [LABELS.version]: COMPOSE_VERSION, [LABELS.configHash]: volumeHash(volume) },
  };
}
