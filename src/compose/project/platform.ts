import { ComposeError } from "../errors.ts";
import type { Project, Service } from "../model/project.ts";

/** The project with the platform that images are built and run for: of several that a build names, none, and the builder decides. @throws ComposeError */
export function withPlatforms(project: Project): Project {
  const preset = project.environment.get("DOCKER_DEFAULT_PLATFORM") ?? "";
  return { ...project, services: Object.fromEntries(Object.entries(project.services).map(([name, service]) => [name, withPlatform(service, preset)])) };
}

function withPlatform(service: Service, preset: string): Service {
  const { build } = service;
  if (!build) return service;
  const named = build.platforms ?? [];
  const platform = service.platform ?? (preset === "" ? undefined : preset);
  if (platform !== undefined && named.length > 0 && !named.includes(platform)) {
    const message = service.platform === undefined ? `service ${JSON.stringify(service.name)} build.platforms does not support value set by DOCKER_DEFAULT_PLATFORM: ${platform}` : `service ${JSON.stringify(service.name)} build configuration does not support platform: ${platform}`;
    throw new ComposeError(message, { path: `services.${service.name}.build.platforms` });
  }
  if (platform !== undefined) return { ...service, platform, build: { ...build, platforms: [platform] } };
  const { platforms: _, ...others } = build;
  return named.length > 1 ? { ...service, build: others } : service;
}
