import type { Project, Service } from "../model/project.ts";

/** How many containers a service has. */
export const scaleOf = ({ scale, deploy }: Pick<Service, "scale" | "deploy">): number => scale ?? deploy?.replicas ?? 1;

/** `scale` and `deploy.replicas` are one number: where the one is said, so is the other. */
export function withReplicas(project: Project): Project {
  const services = Object.entries(project.services).map(([name, service]): [string, Service] => {
    const { scale, deploy } = service;
    return [name, scale === undefined || !deploy ? service : { ...service, deploy: { ...deploy, replicas: scale } }];
  });
  return { ...project, services: Object.fromEntries(services) };
}
