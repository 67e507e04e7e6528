import { ComposeError, type Project } from "../../compose/mod.ts";

/** `web=3`, as often as it is said. @throws ComposeError */
export function withScales(project: Project, scales: readonly string[]): Project {
  const services = { ...project.services };
  for (const scale of scales) {
    const [name = "", count = ""] = scale.split("=");
    const service = services[name];
    if (!/^\d+$/.test(count)) throw new ComposeError(`invalid --scale option ${JSON.stringify(scale)}. Should be SERVICE=NUM`);
    if (!service) throw new ComposeError(`no such service: ${name}`);
    if (service.container_name !== undefined && Number(count) > 1) throw new ComposeError(`service ${JSON.stringify(name)} cannot have more than one container: it has a container_name`, { path: `services.${name}.container_name`, fix: "leave container_name out" });
    services[name] = { ...service, scale: Number(count), ...(service.deploy && { deploy: { ...service.deploy, replicas: Number(count) } }) };
  }
  return { ...project, services };
}
