import type { Service } from "../model/project.ts";

/** How many containers a service has. */
export const scaleOf = ({ scale, deploy }: Pick<Service, "scale" | "deploy">): number => scale ?? deploy?.replicas ?? 1;
