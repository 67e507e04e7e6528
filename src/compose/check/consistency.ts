import type { Project } from "../model/project.ts";

export function checkConsistency(_project: Project): void {}
