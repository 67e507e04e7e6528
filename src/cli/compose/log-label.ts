/** What stands before a container's lines: its name without the project's. */
export function logLabel(project: string, container: string): string {
  const next = container[project.length];
  return container.startsWith(project) && (next === "-" || next === "_") ? container.slice(project.length + 1) : container;
}
