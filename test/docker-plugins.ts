import { existsSync } from "node:fs";
import { join } from "node:path";

const PLUGIN_FOLDERS = ["/usr/local/lib/docker/cli-plugins", "/usr/local/libexec/docker/cli-plugins", "/usr/lib/docker/cli-plugins", "/usr/libexec/docker/cli-plugins"];

/** A plugin of the docker command line, by the name of its program: where the machine has it, or where setup/packages.sh has put it. */
export function findPlugin(name: string, given: string | undefined): string | undefined {
  const candidates = [given, ...PLUGIN_FOLDERS.map((folder) => join(folder, name)), join(import.meta.dir, "..", "build/docker-compose/usr/libexec/docker/cli-plugins", name)];
  return candidates.find((path) => path !== undefined && path !== "" && existsSync(path));
}
