import { build } from "./build.ts";
import { buildSession } from "./build-session.ts";
import { buildkit } from "./buildkit.ts";
import { containerLimits } from "./container-limits.ts";
import { containerStreams } from "./container-streams.ts";
import { containerFiles } from "./container-files.ts";
import { containers } from "./containers.ts";
import { events } from "./events.ts";
import { exec } from "./exec.ts";
import { images } from "./images.ts";
import { networks } from "./networks.ts";
import { reach } from "./reach.ts";
import { registries } from "./registries.ts";
import { registryService } from "./registry-service.ts";
import type { Route } from "./route.ts";
import { swarm } from "./swarm.ts";
import { system } from "./system.ts";
import { unsupported } from "./unsupported.ts";
import { volumes } from "./volumes.ts";

/** Every endpoint of the API. */
export const routes: readonly Route[] = [...containers, ...containerStreams, ...containerFiles, ...containerLimits, ...exec, ...images, ...build, ...buildSession, ...buildkit, ...registries, ...registryService, ...events, ...system, ...volumes, ...networks, ...reach, ...swarm, ...unsupported];
