import { homedir } from "node:os";
import { join } from "node:path";
import { Failure } from "../../failure.ts";

/** docker-compose's own, so that paths in a project are the same with either. */
export function cacheFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(process.env["HOME"] || homedir(), ".cache"), "docker-compose");
}

/** A kind of remote files may be switched off. @throws Failure in docker-compose's words */
export function mustBeEnabled(kind: "git" | "OCI"): void {
  const name = `COMPOSE_EXPERIMENTAL_${kind.toUpperCase()}_REMOTE`;
  const said = process.env[name];
  if (said === undefined || said === "" || ["1", "t", "T", "TRUE", "true", "True"].includes(said)) return;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(said)) throw new Failure(`${kind} remote resource is disabled by ${JSON.stringify(name)}`);
  throw new Failure(`${name} environment variable expects boolean value: strconv.ParseBool: parsing ${JSON.stringify(said)}: invalid syntax`);
}
