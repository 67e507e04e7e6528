import type { Service } from "../model/project.ts";

/** `-`; `_` as docker-compose 1 had it. */
export type Separator = "-" | "_";

/** @param number from 1; one with a name of its own is alone */
export function containerName(project: string, service: Service, number: number, separator: Separator = "-"): string {
  return service.container_name ?? [project, service.name, number].join(separator);
}

/** While it takes the place of another container. */
export const replacementName = (replacedId: string, name: string): string => `${replacedId.slice(0, 12)}_${name}`;
