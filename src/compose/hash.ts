import type { Network, Volume } from "./model/resources.ts";
import { NETWORK, VOLUME } from "./model/resources.ts";
import { SERVICE, type Service } from "./model/service.ts";
import { writeJson } from "./output/json.ts";
import type { Out } from "./output/out.ts";

const sha256 = (out: Out): string => new Bun.CryptoHasher("sha256").update(writeJson(out)).digest("hex");

/** What docker-compose compares to know whether a container is what its service says: without what changes no container. */
export function serviceHash(service: Service): string {
  const { build: _b, pull_policy: _p, scale: _s, depends_on: _d, profiles: _f, deploy, ...hashed } = service;
  if (!deploy) return sha256(SERVICE.write(hashed, "json"));
  const { replicas: _r, ...settings } = deploy;
  return sha256(SERVICE.write({ ...hashed, deploy: settings }, "json"));
}

export const networkHash = (network: Network): string => sha256(NETWORK.write(network, "json"));

/** A volume without a driver is one of the local driver. */
export const volumeHash = (volume: Volume): string => sha256(VOLUME.write({ ...volume, driver: volume.driver ?? "local" }, "json"));
