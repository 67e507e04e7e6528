import type { Project, Service } from "../model/project.ts";
import type { Dependencies } from "./order.ts";

export const dependenciesOf = (service: Service): string[] => Object.keys(service.depends_on ?? {});

/** What each enabled service must come after. */
export function startOrder(project: Project): Dependencies {
  return new Map(Object.values(project.services).map((service) => [service.name, dependenciesOf(service).filter((other) => project.services[other])]));
}
