import type { ContainerCreateRequest, HostConfig, ImageConfig } from "../../spec/mod.ts";
import type { EngineContext } from "../context.ts";
import type { ContainerRecord } from "../record.ts";
import { keepSupported } from "./limit-support.ts";
import { isOwnPlatform, OWN_ARCHITECTURE } from "./platform.ts";

interface Asked {
  readonly request: ContainerCreateRequest;
  readonly image: ImageConfig;
  readonly platformAsked: boolean;
  /** New volumes on folders where the image has files. */
  readonly hiding: readonly { readonly destination: string }[];
}

/** What was asked for and will not be so. Whoever asks for something that has no effect hears of it here, in Docker's words where it has some. */
export function createWarnings(ctx: Pick<EngineContext, "cgroups">, { hostConfig: host }: Pick<ContainerRecord, "hostConfig">, asked: Asked): string[] {
  return [...platformWarnings(asked), ...keepSupported(asked.request.HostConfig ?? {}, ctx.cgroups.supports).warnings, ...logWarnings(asked.request.HostConfig ?? {}), ...laterWarnings(host, asked)];
}

function platformWarnings({ image, platformAsked }: Asked): string[] {
  const platform = `${image.os}/${image.architecture}${image.variant ? `/${image.variant}` : ""}`;
  if (platformAsked || !image.architecture || isOwnPlatform(platform)) return [];
  return [`The requested image's platform (${platform}) does not match the detected host platform (linux/${OWN_ARCHITECTURE}) and no specific platform was requested`];
}

function logWarnings({ LogConfig: log }: HostConfig): string[] {
  const options = Object.keys(log?.Config ?? {});
  return [
    ...(log?.Type === "json-file" ? ["The json-file log is kept in the engine's own format: read it with `logs`, not from the file."] : []),
    ...(log?.Type === "none" ? ["The output is on the disk until the container is removed, as with any log driver: none only keeps `logs` from showing it."] : []),
    ...(options.length > 0 ? [`Options of the log have no effect yet, it grows without limit: ${options.join(", ")}`] : []),
  ];
}

/** Features that have their own place in a later release. */
function laterWarnings(host: HostConfig, { hiding }: Asked): string[] {
  return [
    ...hiding.map(({ destination }) => `The new volume at ${destination} is empty: what the image has there is not copied into it yet.`),
    ...(host.NetworkMode === "host" && Object.keys(host.PortBindings ?? {}).length > 0 ? ["Published ports are discarded when using host network mode"] : []),
    ...(host.NetworkMode !== "host" && (Object.keys(host.PortBindings ?? {}).length > 0 || host.PublishAllPorts) ? ["Publishing ports is not supported yet: the container is reached by its own address."] : []),
  ];
}

