import { ComposeError } from "../errors.ts";
import type { Project, Service } from "../model/project.ts";
import { nodeAt } from "../tree/find.ts";

export const INVALID = ": invalid compose project";

/** A mistake in a service. `key` is where it stands, below the service. */
export function serviceError(project: Project, service: Service, key: string, message: string, fix?: string): ComposeError {
  const path = `services.${service.name}${key === "" ? "" : `.${key}`}`;
  return new ComposeError(message, { at: nodeAt(project.source, path)?.at, path, fix });
}
