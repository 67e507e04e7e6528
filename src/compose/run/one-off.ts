import { splitPort } from "../canonical/port.ts";
import { splitVolume } from "../canonical/volume-text.ts";
import { ComposeError } from "../errors.ts";
import { LABELS } from "../labels.ts";
import type { Project, Service } from "../model/project.ts";
import type { Mount, Port } from "../model/service.ts";
import { awaitDependencies } from "./conditions.ts";
import type { ComposeContext } from "./context.ts";
import { makeContainer } from "./create-container.ts";
import { ensureImages, type ImageOptions } from "./images.ts";
import { asConverged } from "./lifecycle.ts";
import { observeContainers } from "./observe.ts";
import { withProviders } from "./providers.ts";
import { StateWatch } from "./state-watch.ts";
import { up, type UpOptions } from "./up.ts";

/** What is different about one container of a service, made for one command. */
export interface OneOffOptions extends ImageOptions, Pick<UpOptions, "removeOrphans"> {
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly user?: string | undefined;
  readonly workingDir?: string | undefined;
  readonly addedCapabilities?: readonly string[];
  readonly droppedCapabilities?: readonly string[];
  /** `[SOURCE:]TARGET[:OPTIONS]`, paths of the host absolute. */
  readonly volumes?: readonly string[];
  /** `[[IP:]PUBLISHED:]TARGET`. */
  readonly ports?: readonly string[];
  /** Publishes the service's own ports too. */
  readonly servicePorts?: boolean;
  /** Others find it by the service's name. */
  readonly aliases?: boolean;
  readonly name?: string | undefined;
  readonly tty: boolean;
  readonly interactive: boolean;
  readonly autoRemove?: boolean;
}

/** Starts what a service depends on, waits for it, and makes a container of the service that is not one of its own. @returns its id and its service as it is there */
export async function makeOneOff(context: ComposeContext, given: Project, name: string, options: OneOffOptions): Promise<{ readonly id: string; readonly name: string; readonly service: Service }> {
  if (given.services[name]?.provider) throw new ComposeError(`service ${JSON.stringify(name)} is made by its provider: it has no container`, { path: `services.${name}.provider` });
  const project = await withProviders(context, given);
  const target = project.services[name];
  if (!target) throw new ComposeError(`no such service: ${name}`);
  const { [name]: _, ...others } = project.services;
  const { pull, build, noBuild, removeOrphans = false } = options;
  const images = { pull, ...(build !== undefined && { build }), ...(noBuild !== undefined && { noBuild }) };
  await up(context, { ...project, services: others, disabledServices: { ...project.disabledServices, [name]: target } }, { removeOrphans, ...images });
  const found = await ensureImages(context, { ...project, services: { [name]: target } }, images);
  const image = found.get(name);
  if (!image) throw new ComposeError(`service ${JSON.stringify(name)} has no image`);
  const observed = asConverged((await observeContainers(context.client, project.name)).filter(({ oneOff }) => !oneOff)).containers;
  await using watch = new StateWatch(context.client, project.name, context.signal);
  await awaitDependencies(context, watch, project, target, (service) => observed.get(service) ?? []);
  const slug = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex");
  const service = oneOffService(target, options);
  const container = options.name ?? `${project.name}-${name}-run-${slug.slice(0, 12)}`;
  const id = await makeContainer(context, project, { of: (other) => (observed.get(other) ?? []).map((each) => each.id) }, {
    service: { ...service, container_name: container },
    number: 1,
    name: container,
    image,
    labels: { [LABELS.oneoff]: "True", [LABELS.slug]: slug },
    autoRemove: options.autoRemove ?? false,
    interactive: options.interactive,
    withAliases: options.aliases ?? false,
  });
  return { id, name: container, service };
}

function oneOffService(target: Service, options: OneOffOptions): Service {
  const { restart: _, deploy, ports = [], ...kept } = target;
  const { restart_policy: __, ...deployed } = deploy ?? {};
  const published = [...(options.servicePorts ? ports : []), ...(options.ports ?? []).flatMap(portOf)];
  const entrypoint = options.entrypoint;
  return {
    ...kept,
    ...(deploy && { deploy: deployed }),
    ...(published.length > 0 && { ports: published }),
    // The service's own command is for its own entry point.
    ...(options.command && options.command.length > 0 ? { command: options.command } : entrypoint && { command: [] }),
    ...(entrypoint && { entrypoint }),
    ...(options.user && { user: options.user }),
    ...(options.workingDir && { working_dir: options.workingDir }),
    environment: { ...kept.environment, ...options.environment },
    labels: { ...kept.labels, ...options.labels },
    ...(options.addedCapabilities?.length && { cap_add: [...(kept.cap_add ?? []), ...options.addedCapabilities].filter((each) => !options.droppedCapabilities?.includes(each)) }),
    ...(options.droppedCapabilities?.length && { cap_drop: [...(kept.cap_drop ?? []), ...options.droppedCapabilities].filter((each) => !options.addedCapabilities?.includes(each)) }),
    volumes: withMounts(kept.volumes ?? [], (options.volumes ?? []).map(mountOf)),
    tty: options.tty,
    stdin_open: options.interactive,
    scale: 1,
  };
}

/** What is given takes the place of what the service has there. */
const withMounts = (own: readonly Mount[], given: readonly Mount[]): Mount[] => [...own.filter(({ target }) => !given.some((other) => other.target === target)), ...given];

function portOf(text: string): Port[] {
  return inWords(() => splitPort(text).map(({ hostIP, published, target, protocol }) => ({ mode: "ingress", target, protocol, ...(hostIP !== "" && { host_ip: hostIP }), ...(published !== "" && { published }) })));
}

function mountOf(text: string): Mount {
  const { type, source, target, readOnly, noCopy, propagation } = inWords(() => splitVolume(text));
  return {
    type,
    target,
    ...(source !== "" && { source }),
    ...(readOnly && { read_only: true }),
    ...(type === "bind" && { bind: { create_host_path: true, ...(propagation !== undefined && { propagation }) } }),
    ...(noCopy && { volume: { nocopy: true } }),
  };
}

function inWords<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new ComposeError(error instanceof Error ? error.message : String(error));
  }
}
