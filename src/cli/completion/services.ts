import { loadProject } from "../../compose/mod.ts";
import { SEPARATOR } from "./arguments.ts";
import type { Candidate } from "./directive.ts";

/** Services of the project that the line speaks of, of every profile. @throws ComposeError where there is none */
export function serviceNames(written: ReadonlyMap<string, string>): readonly Candidate[] {
  const list = (name: string): string[] => (written.get(name) ?? "").split(SEPARATOR).filter((value) => value !== "");
  const project = loadProject({
    files: list("file").filter((file) => file !== "-"),
    projectName: written.get("project-name") ?? "",
    projectDirectory: written.get("project-directory") ?? "",
    envFiles: list("env-file"),
    profiles: ["*"],
    environment: process.env,
    resolveEnvironment: false,
  });
  return Object.values(project.services).map(({ name, image }) => ({ name, description: image ?? "" })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
