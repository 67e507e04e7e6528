import type { Project } from "../model/project.ts";
import { withoutUnused, withSelectedServices, withServicesEnabled } from "../project/select.ts";
import { resolveFiles } from "../project/environment.ts";
import type { LoadSteps, ProjectOptions } from "./options.ts";
import { ALL_STEPS } from "./options.ts";
import { loadWholeProject } from "./project.ts";

export { loadProjectTree, type LoadedTree } from "./project.ts";

export interface LoadProjectOptions extends ProjectOptions {
  /** Only these, and what they depend on. Naming one activates its profiles. */
  readonly services?: readonly string[];
  /** Keeps networks, volumes, secrets and configs that no service uses. */
  readonly allResources?: boolean;
  readonly steps?: LoadSteps;
  /** Reads env files into the services' environment; without, `env_file` stays. */
  readonly resolveEnvironment?: boolean;
  /** Leaves `label_file` out once it is read, as `config` shows it. Containers' hashes want it. */
  readonly discardLabelFiles?: boolean;
}

/**
 * Loads a compose project: finds its files, merges them, replaces variables, checks everything, and says what is left to say.
 * @throws ComposeError, whose message names file, line and path
 */
export function loadProject(options: LoadProjectOptions = {}): Project {
  const { services = [], steps = ALL_STEPS, allResources = false, resolveEnvironment = true, discardLabelFiles = false } = options;
  const whole = loadWholeProject(options, { steps, resolveEnvironment, discardLabelFiles });
  const enabled = withServicesEnabled(whole, services);
  const selected = withSelectedServices(enabled, services);
  // Services that only a name has activated were not there when files were read.
  const resolved = enabled === whole ? selected : resolveFiles(selected, { environment: resolveEnvironment, discardLabelFiles, warn: options.onWarning ?? (() => {}) });
  return allResources ? resolved : withoutUnused(resolved);
}
