export interface Volumes {
  readonly binds: string[];
  /** Anonymous volumes, by their path in the container. */
  readonly anonymous: string[];
}

/** `-v`: a path alone is an anonymous volume, anything else a bind that the engine takes apart. */
export function sortVolumes(values: readonly string[]): Volumes {
  const volumes: Volumes = { binds: [], anonymous: [] };
  for (const value of values) {
    if (value === "") throw new Error("invalid empty volume spec");
    const colon = value.indexOf(":");
    checkSections(value);
    if (colon < 0 || value.length <= 2) volumes.anonymous.push(value);
    else volumes.binds.push(resolveHostPath(value.slice(0, colon)) + value.slice(colon));
  }
  return volumes;
}

/** A single letter before the first colon may be a drive of Windows: that the engine judges. */
function checkSections(value: string): void {
  const sections = value.split(":");
  if (value.length <= 2 || sections.length === 1 || sections[0]?.length === 1) return;
  if (sections.slice(0, 3).includes("")) throw new Error(`invalid spec: ${value}: empty section between colons`);
  if (sections.length > 3) throw new Error(`invalid spec: ${value}: too many colons`);
}

/** The engine has another working directory than we: what starts with a dot is ours. */
export function resolveHostPath(path: string): string {
  return path.startsWith(".") ? (require("node:path") as typeof import("node:path")).resolve(path) : path;
}

/** `--tmpfs /run:size=1m`: path and options. */
export function splitTmpfs(value: string): readonly [string, string] {
  const colon = value.indexOf(":");
  return colon < 0 ? [value, ""] : [value.slice(0, colon), value.slice(colon + 1)];
}
