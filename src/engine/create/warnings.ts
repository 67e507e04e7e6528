import type { ContainerCreateRequest, HostConfig, ImageConfig } from "../../spec/mod.ts";
import type { EngineContext } from "../context.ts";
import type { ContainerRecord } from "../record.ts";
import { keepSupported } from "./limit-support.ts";
import { isOwnPlatform, OWN_ARCHITECTURE } from "./platform.ts";

interface Asked {
  readonly request: ContainerCreateRequest;
  readonly image: ImageConfig;
  readonly platformAsked: boolean;
}

/** What was asked for and will not be so. Whoever asks for something that has no effect hears of it here, in Docker's words where it has some. */
export function createWarnings(ctx: Pick<EngineContext, "cgroups">, { hostConfig: host }: Pick<ContainerRecord, "hostConfig">, asked: Asked): string[] {
  return [...platformWarnings(asked), ...keepSupported(asked.request.HostConfig ?? {}, ctx.cgroups.supports).warnings, ...laterWarnings(host)];
}

function platformWarnings({ image, platformAsked }: Asked): string[] {
  const platform = `${image.os}/${image.architecture}${image.variant ? `/${image.variant}` : ""}`;
  if (platformAsked || !image.architecture || isOwnPlatform(platform)) return [];
  return [`The requested image's platform (${platform}) does not match the detected host platform (linux/${OWN_ARCHITECTURE}) and no specific platform was requested`];
}

/** Features that have their own place in a later release. */
function laterWarnings(host: HostConfig): string[] {
  return [
    ...(host.Mounts?.some(({ Type: type }) => type === "image") ? ["Image mount is an experimental feature"] : []),
    ...(host.NetworkMode === "host" && Object.keys(host.PortBindings ?? {}).length > 0 ? ["Published ports are discarded when using host network mode"] : []),
  ];
}

