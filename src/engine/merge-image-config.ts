import type { ImageProcessConfig } from "../spec/mod.ts";
import type { ContainerConfig } from "./record.ts";

/** What the request leaves open comes from the image, by Docker's rules; the request is left as it is. */
export function mergeImageConfig(request: ContainerConfig, image: ImageProcessConfig | undefined): ContainerConfig {
  if (!image) return { ...request };
  const merged: ContainerConfig = {
    ...request,
    User: request.User || image.User || "",
    WorkingDir: request.WorkingDir || image.WorkingDir || "",
    Env: mergeEnv(request.Env ?? [], image.Env ?? []),
    Labels: { ...image.Labels, ...request.Labels },
    ...mergeCommand(request, image),
  };
  const exposed = { ...image.ExposedPorts, ...request.ExposedPorts };
  if (Object.keys(exposed).length > 0) merged.ExposedPorts = exposed;
  const volumes = { ...image.Volumes, ...request.Volumes };
  if (Object.keys(volumes).length > 0) merged.Volumes = volumes;
  const stopSignal = request.StopSignal || image.StopSignal;
  if (stopSignal) merged.StopSignal = stopSignal;
  const shell = request.Shell?.length ? request.Shell : image.Shell;
  if (shell?.length) merged.Shell = shell;
  const healthcheck = mergeHealthcheck(request, image);
  if (healthcheck) merged.Healthcheck = healthcheck;
  return merged;
}

/** A given entrypoint drops the image's command; an entrypoint of one empty string drops the image's entrypoint. */
function mergeCommand(request: ContainerConfig, image: ImageProcessConfig): Pick<ContainerConfig, "Cmd" | "Entrypoint"> {
  const command = request.Cmd ?? [];
  const entrypoint = request.Entrypoint;
  if (entrypoint?.length) return { Cmd: command, Entrypoint: entrypoint };
  return { Cmd: command.length > 0 ? command : (image.Cmd ?? []), Entrypoint: entrypoint ?? image.Entrypoint ?? [] };
}

function mergeEnv(request: readonly string[], image: readonly string[]): string[] {
  const keys = new Set(request.map(envKey));
  return [...request, ...image.filter((entry) => !keys.has(envKey(entry)))];
}

function mergeHealthcheck(request: ContainerConfig, image: ImageProcessConfig): ContainerConfig["Healthcheck"] {
  if (!request.Healthcheck) return image.Healthcheck;
  if (!image.Healthcheck) return request.Healthcheck;
  const merged = { ...image.Healthcheck };
  for (const [key, value] of Object.entries(request.Healthcheck)) if (value !== undefined && value !== null && value !== 0) Object.assign(merged, { [key]: value });
  return merged;
}

export function envKey(entry: string): string {
  const at = entry.indexOf("=");
  return at < 0 ? entry : entry.slice(0, at);
}

/** Later entries replace earlier ones of the same key; an entry without `=` removes the key. */
export function replaceOrAppendEnv(defaults: readonly string[], overrides: readonly string[]): string[] {
  const result = [...defaults];
  const position = new Map(result.map((entry, index) => [envKey(entry), index]));
  const removed = new Set<number>();
  for (const entry of overrides) {
    const key = envKey(entry);
    const at = position.get(key);
    if (!entry.includes("=")) {
      if (at !== undefined) removed.add(at);
    } else if (at === undefined) {
      position.set(key, result.push(entry) - 1);
    } else {
      result[at] = entry;
      removed.delete(at);
    }
  }
  return result.filter((_, index) => !removed.has(index));
}
