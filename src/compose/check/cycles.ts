import type { Project } from "../model/project.ts";
import { serviceError } from "./service-error.ts";

/** @throws ComposeError that shows the way from a service back to itself */
export function checkCycles(project: Project): void {
  const done = new Set<string>();
  const visit = (name: string, trail: readonly string[]): void => {
    const service = project.services[name];
    if (!service || done.has(name)) return;
    for (const next of Object.keys(service.depends_on ?? {}).toSorted()) {
      const way = [...trail, name];
      const from = way.indexOf(next);
      if (from >= 0) throw serviceError(project, service, `depends_on.${next}`, `dependency cycle detected: ${[...way.slice(from), next].join(" -> ")}`, "take one of these dependencies away");
      visit(next, way);
    }
    done.add(name);
  };
  for (const name of Object.keys(project.services).toSorted()) visit(name, []);
}
