import { ComposeError } from "../errors.ts";
import type { Project, Service } from "../model/project.ts";
import { scaleOf } from "../project/scale.ts";
import { nodeAt } from "../tree/find.ts";
import { checkCycles } from "./cycles.ts";
import { checkReferences } from "./references.ts";
import { INVALID, serviceError } from "./service-error.ts";

/** What parts of a project must say to go together. @throws ComposeError for the first that does not, in order of the services' names */
export function checkConsistency(project: Project): void {
  for (const name of Object.keys(project.services).toSorted()) {
    const service = project.services[name];
    if (!service) continue;
    checkSource(project, service);
    checkReferences(project, service);
    checkHealth(project, service);
    checkScale(project, service);
    checkLimits(project, service);
    checkWatch(project, service);
    checkTargets(project, service);
  }
  for (const [name, { external, file, environment }] of Object.entries(project.secrets)) {
    if (external || file !== undefined || environment !== undefined) continue;
    throw new ComposeError(`secret ${JSON.stringify(name)} must declare either \`file\` or \`environment\`${INVALID}`, { at: nodeAt(project.source, `secrets.${name}`)?.at, path: `secrets.${name}` });
  }
  checkCycles(project);
  checkNames(project);
}

function checkSource(project: Project, service: Service): void {
  const { name, build, image, provider, platform } = service;
  const fail = (key: string, message: string, fix?: string): never => {
    throw serviceError(project, service, key, message + INVALID, fix);
  };
  if (!build && image === undefined && !provider) fail("", `service ${JSON.stringify(name)} has neither an image nor a build context specified`, "add image: or build:");
  if (!build) return;
  if (build.dockerfile_inline !== undefined && build.dockerfile !== undefined) fail("build", `service ${JSON.stringify(name)} declares mutualy exclusive dockerfile and dockerfile_inline`);
  if (platform !== undefined && build.platforms && !build.platforms.includes(platform)) fail("build.platforms", `service.build.platforms MUST include service.platform ${JSON.stringify(platform)}`);
}

function checkHealth(project: Project, service: Service): void {
  const [kind] = service.healthcheck?.test ?? [];
  // The last two are this engine's own: a probe that needs no program in the image.
  if (kind !== undefined && !["CMD", "CMD-SHELL", "NONE", "HTTP", "TCP"].includes(kind)) {
    throw serviceError(project, service, "healthcheck.test", 'healthcheck.test must start either by "CMD", "CMD-SHELL" or "NONE"', `write [CMD, ${kind}, …], or a text for the shell`);
  }
}

function checkScale(project: Project, service: Service): void {
  const { name, scale, deploy, container_name: container } = service;
  const replicas = deploy?.replicas;
  if (scale !== undefined && replicas !== undefined && scale !== replicas) throw serviceError(project, service, "scale", `services.${name}: can't set distinct values on 'scale' and 'deploy.replicas'${INVALID}`, "leave one of them out");
  if (scale !== undefined && scale < 0) throw serviceError(project, service, "scale", `services.${name}.scale: must be greater than or equal to 0`);
  if (replicas !== undefined && replicas < 0) throw serviceError(project, service, "deploy.replicas", `services.${name}.deploy.replicas: must be greater than or equal to 0`);
  if (scaleOf(service) > 1 && container !== undefined) {
    const key = scale === undefined ? "deploy.replicas" : "scale";
    throw serviceError(project, service, "container_name", `services.${key}: can't set container_name and ${name} as container name must be unique${INVALID}`, `leave container_name: out, or set ${key}: 1`);
  }
}

function checkLimits(project: Project, service: Service): void {
  const { name, deploy } = service;
  const { limits, reservations } = deploy?.resources ?? {};
  const pairs = [
    ["cpus", service.cpus, "limits.cpus", limits, limits?.cpus],
    ["mem_limit", service.mem_limit, "limits.memory", limits, limits?.memory],
    ["mem_reservation", service.mem_reservation, "reservations.memory", reservations, reservations?.memory],
    ["pids_limit", service.pids_limit, "limits.pids", limits, limits?.pids],
  ] as const;
  for (const [key, value, other, section, limit] of pairs) {
    if (value !== undefined && section && limit !== value) throw serviceError(project, service, key, `services.${name}: can't set distinct values on '${key}' and 'deploy.resources.${other}'${INVALID}`, "leave one of them out");
  }
}

function checkWatch(project: Project, service: Service): void {
  for (const [index, { target, action }] of (service.develop?.watch ?? []).entries()) {
    if (target === undefined && action !== "rebuild" && action !== "restart") {
      throw serviceError(project, service, `develop.watch.${index}`, `services.${service.name}.develop.watch: target is required for non-rebuild actions${INVALID}`, "add target:, a path inside the container");
    }
  }
}

/** Two things cannot be mounted at one place. */
function checkTargets(project: Project, service: Service): void {
  const mounts = new Map<string, string>();
  const add = (key: string, index: number, target: string): void => {
    const place = `services.${service.name}.${key}[${index}]`;
    const known = mounts.get(target);
    if (known) throw serviceError(project, service, `${key}.${index}`, `${place}: target ${target} already mounted as ${known}`);
    mounts.set(target, place);
  };
  for (const [index, text] of (service.tmpfs ?? []).entries()) add("tmpfs", index, text.split(":")[0] ?? "");
  for (const [index, { target = "" }] of (service.volumes ?? []).entries()) add("volumes", index, target);
}

function checkNames(project: Project): void {
  const names = new Map<string, string>();
  for (const [name, service] of Object.entries(project.services)) {
    const { container_name: container } = service;
    if (container === undefined) continue;
    const known = names.get(container);
    if (known !== undefined) throw serviceError(project, service, "container_name", `services.${name}: container name ${JSON.stringify(container)} is already in use by service ${known}"`, "give one of them another container_name:");
    names.set(container, name);
  }
}
