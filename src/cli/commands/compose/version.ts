import { COMPOSE_VERSION } from "../../../compose/mod.ts";
import { VERSION } from "../../build-info.ts";
import type { Invocation } from "../../command.ts";
import { out } from "../../output.ts";

/** Scripts look for the version of docker-compose whose behaviour they can count on. */
export async function run({ flags }: Invocation): Promise<number> {
  if (flags.bool("short")) out(`${COMPOSE_VERSION}\n`);
  else if (flags.string("format") === "json") out(`{"version":"v${COMPOSE_VERSION}"}\n`);
  else out(`Docker Compose version v${COMPOSE_VERSION} (Hakobune ${VERSION})\n`);
  return 0;
}
