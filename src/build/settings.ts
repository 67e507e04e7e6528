import { EngineError } from "../base/mod.ts";
import { PROXY_ARGS } from "../dockerfile/mod.ts";
import { parseReference } from "../spec/mod.ts";
import { checkCacheTarget } from "./exporters/caches.ts";
import { provenanceMode } from "./exporters/provenance.ts";
import { wantsSbom } from "./exporters/sbom.ts";
import type { BuildRequest } from "./request.ts";
import type { StepSettings } from "./solver/ports.ts";

const EXPORTERS: readonly string[] = ["image", "docker", "oci", "tar", "local", "registry", "cacheonly"];
const CACHES: readonly string[] = ["registry", "local", "inline"];
const SERVICES: readonly string[] = ["gha", "s3", "azblob"];

/** What no build can do is said before anything is done. @throws EngineError */
export function checkRequest(request: BuildRequest): void {
  const { cacheTo, cacheFrom, exporters } = request;
  provenanceMode(request);
  wantsSbom(request);
  const unknown = exporters.find(({ type }) => !EXPORTERS.includes(type));
  if (unknown) throw new EngineError("InvalidParameter", `exporter ${JSON.stringify(unknown.type)} could not be found`);
  for (const entry of cacheTo) {
    checkCacheTarget(entry);
    if (entry.type === "registry") parseReference(entry.attrs["ref"] ?? "");
  }
  for (const { type } of cacheFrom) {
    if (SERVICES.includes(type)) throw new EngineError("NotImplemented", `a cache of type ${type} is kept by a service that this engine does not speak to: use type=registry or type=local`);
    if (!CACHES.includes(type)) throw new EngineError("InvalidParameter", `unknown cache importer: ${JSON.stringify(type)}`);
  }
}

/** Proxies need no ARG; steps have them under names in either case, and nothing keeps them. */
export function stepSettings({ resources, buildArgs }: BuildRequest): StepSettings {
  const other = (name: string): string => (name === name.toLowerCase() ? name.toUpperCase() : name.toLowerCase());
  const proxyEnv = PROXY_ARGS.flatMap((name) => {
    const value = buildArgs[name] || buildArgs[other(name)];
    return value ? [`${name}=${value}`] : [];
  });
  return { limits: resources, proxyEnv };
}

/** The time of everything that the build makes, if it is fixed. @returns RFC 3339 @throws EngineError InvalidParameter */
export function epochOf({ sourceDateEpoch, buildArgs }: BuildRequest): string | undefined {
  const written = buildArgs["SOURCE_DATE_EPOCH"];
  if (sourceDateEpoch === undefined && (written === undefined || written === "")) return undefined;
  if (sourceDateEpoch === undefined && !/^-?\d{1,12}$/.test(written ?? "")) throw new EngineError("InvalidParameter", `invalid SOURCE_DATE_EPOCH: ${written}: strconv.ParseInt: parsing ${JSON.stringify(written)}: invalid syntax`);
  const seconds = sourceDateEpoch ?? Number(written);
  return new Date(seconds * 1000).toISOString().replace(/\.000Z$/, "Z");
}
