import type { Project, Service } from "../model/project.ts";

/** The image a service runs: its own, or the name under which its build is kept. `separator` is `_` in compatibility mode. */
export const imageOf = (service: Service, { name }: Pick<Project, "name">, separator = "-"): string => service.image ?? `${name}${separator}${service.name}`;
