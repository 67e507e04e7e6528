import { EngineError } from "../../base/mod.ts";
import type { DeviceRequest, RuntimeSpec } from "../../spec/mod.ts";
import { replaceOrAppendEnv } from "../merge-image-config.ts";
import type { HostPort } from "../ports.ts";
import { DeviceRegistry } from "./registry.ts";
import type { ContainerEdits, DeviceSpec } from "./spec.ts";

/**
 * Gives a container the devices that were asked for by request: those of the Container Device Interface. Any other driver is a
 * program on the host that is not there.
 * @throws EngineError System, in Docker's words
 */
export function injectDevices(spec: RuntimeSpec, requests: readonly DeviceRequest[], folders: readonly string[], host: Pick<HostPort, "deviceNodes">): RuntimeSpec {
  const names = requests.flatMap(namesOf);
  if (names.length === 0) return spec;
  const registry = new DeviceRegistry(folders);
  const missing = names.filter((name) => !registry.find(name));
  if (missing.length > 0) throw refused(`unresolvable CDI devices ${missing.join(", ").slice(0, 1000)}${registry.problems.length > 0 ? ` (${registry.problems.join("; ").slice(0, 1000)})` : ""}`);
  const seen = new Set<DeviceSpec>();
  const edits = names.flatMap((name) => {
    const found = registry.find(name);
    if (!found) return [];
    const first = !seen.has(found.spec);
    seen.add(found.spec);
    return first ? [found.spec.edits, found.device] : [found.device];
  });
  return edits.reduce((edited, edit) => applied(edited, edit, host), spec);
}

function namesOf({ Driver: driver = "", DeviceIDs: ids, Capabilities: wanted }: DeviceRequest): readonly string[] {
  if (driver === "cdi") return ids ?? [];
  const capabilities = (wanted ?? []).map((all) => `[${all.join(" ")}]`).join(" ");
  throw new EngineError("InvalidParameter", `could not select device driver ${JSON.stringify(driver.slice(0, 64))} with capabilities: [${capabilities.slice(0, 1000)}]`);
}

function applied(spec: RuntimeSpec, edits: ContainerEdits, host: Pick<HostPort, "deviceNodes">): RuntimeSpec {
  if (edits.unsupported.length > 0) throw refused(`the engine's own runtime does not do ${edits.unsupported.join(" and ")}, which the device asks for`);
  const { process, linux } = spec;
  const nodes = edits.deviceNodes.map((node) => {
    const found = host.deviceNodes(node.hostPath)[0];
    if (!found) throw refused(`failed to inject devices: failed to stat CDI host device ${JSON.stringify(node.hostPath)}: no such file or directory`);
    const { permissions, path, hostPath: _hostPath, ...owner } = node;
    return { node: { ...found, ...owner, path }, rule: { allow: true, type: found.type === "b" ? ("b" as const) : ("c" as const), major: found.major, minor: found.minor, access: permissions } };
  });
  const replaced = new Set(nodes.map(({ node }) => node.path));
  const hidden = new Set(edits.mounts.map(({ containerPath }) => containerPath));
  return {
    ...spec,
    process: { ...process, env: replaceOrAppendEnv(process.env, edits.env), user: { ...process.user, additionalGids: [...new Set([...process.user.additionalGids, ...edits.additionalGids])] } },
    mounts: [...spec.mounts.filter(({ destination }) => !hidden.has(destination)), ...edits.mounts.map(({ hostPath, containerPath, type, options }) => ({ destination: containerPath, type, source: hostPath, options: [...options] }))],
    linux: {
      ...linux,
      devices: [...linux.devices.filter(({ path }) => !replaced.has(path)), ...nodes.map(({ node }) => node)],
      resources: { ...linux.resources, devices: [...linux.resources.devices, ...nodes.map(({ rule }) => rule)] },
    },
  };
}

const refused = (reason: string): EngineError => new EngineError("InvalidParameter", `CDI device injection failed: ${reason}`);
