import { EngineError } from "../../base/mod.ts";
import { runCommand, SCRIPT_FOLDER, type ExpandedRun, type RunMount as WrittenMount } from "../../dockerfile/mod.ts";
import type { BuildRequest } from "../request.ts";
import type { RunMount, RunOp } from "../graph/op.ts";
import { makeVertex } from "../graph/make-vertex.ts";
import type { Vertex } from "../graph/vertex.ts";
import { inWorkdir } from "./paths.ts";
import type { StageState } from "./stage-state.ts";


/** Finds what `from=` names; undefined is the build context. */
export type FindSource = (from: string | undefined) => Promise<Vertex | undefined>;

/** RUN as a vertex on top of the stage. @throws EngineError Forbidden for what the build is not entitled to */
export async function runVertex(state: StageState, run: ExpandedRun, shownName: string, request: BuildRequest, findSource: FindSource): Promise<Vertex> {
  const { args, script } = runCommand(run, state.process.Shell);
  checkEntitlements(run, request);
  const inputs: Vertex[] = [state.vertex ?? emptyVertex()];
  const inputOf = (vertex: Vertex | undefined): number | undefined => {
    if (vertex === undefined) return undefined;
    const known = inputs.indexOf(vertex);
    return known >= 0 ? known : inputs.push(vertex) - 1;
  };
  const mounts: RunMount[] = [];
  if (script) mounts.push({ type: "bind", target: SCRIPT_FOLDER, input: inputOf(scriptVertex(script)), source: "/", readWrite: false });
  let sshNumber = 0;
  for (const mount of run.mounts) mounts.push(await mountOf(state, mount, async (from) => inputOf(await findSource(from)), () => sshNumber++));
  const op: RunOp = {
    kind: "run",
    args,
    env: environmentOf(state, mounts),
    cwd: state.workdir,
    user: state.process.User ?? "",
    mounts,
    network: run.network === "default" ? request.network : run.network,
    security: run.security,
    devices: run.devices,
    hostname: request.buildArgs["BUILDKIT_SANDBOX_HOSTNAME"] ?? "buildkitsandbox",
    extraHosts: request.addHosts,
    ulimits: request.ulimits,
    shmSize: request.shmSize,
    cgroupParent: request.cgroupParent,
    platform: state.platform,
  };
  return makeVertex(op, inputs, { name: state.nextName(shownName), stage: state.name, ignoreCache: state.options.ignoreCache });
}

/** An empty file system that a command can be run on. */
export const emptyVertex = (): Vertex => makeVertex({ kind: "file", base: undefined, actions: [] }, [], { name: "[internal] empty file system", stage: "", ignoreCache: false });

function scriptVertex({ name, content }: { readonly name: string; readonly content: string }): Vertex {
  return makeVertex({ kind: "file", base: undefined, actions: [{ action: "makeFile", path: `/${name}`, content: Buffer.from(content), owner: "", mode: "755" }] }, [], { name: "[internal] preparing inline document", stage: "", ignoreCache: false });
}

function environmentOf(state: StageState, mounts: readonly RunMount[]): string[] {
  const { environment } = state.scope;
  const env = new Map(environment.names().map((name) => [name, environment.get(name) ?? ""]));
  const ssh = mounts.find((mount) => mount.type === "ssh");
  if (ssh) env.set("SSH_AUTH_SOCK", ssh.target);
  return [...env].map(([key, value]) => `${key}=${value}`);
}

async function mountOf(state: StageState, mount: WrittenMount, input: (from: string | undefined) => Promise<number | undefined>, sshNumber: () => number): Promise<RunMount> {
  const at = (target: string): string => inWorkdir(state.workdir, target);
  switch (mount.type) {
    case "bind":
      return { type: "bind", target: at(mount.target), input: await input(mount.from), source: mount.source || "/", readWrite: !mount.readOnly };
    case "cache": {
      const { id, sharing, readOnly, mode = 0o755, uid = 0, gid = 0 } = mount;
      return { type: "cache", target: at(mount.target), id, sharing, readOnly, input: mount.from === undefined ? undefined : await input(mount.from), source: mount.source || "/", mode, uid, gid };
    }
    case "tmpfs":
      return { type: "tmpfs", target: at(mount.target), size: mount.sizeBytes || undefined };
    case "secret": {
      const { id, env, required, mode = 0o400, uid = 0, gid = 0 } = mount;
      return { type: "secret", target: mount.target === undefined ? undefined : at(mount.target), env, id, required, mode, uid, gid };
    }
    case "ssh": {
      const { id, required, mode = 0o600, uid = 0, gid = 0 } = mount;
      return { type: "ssh", target: mount.target === undefined ? `/run/buildkit/ssh_agent.${sshNumber()}` : at(mount.target), id, required, mode, uid, gid };
    }
    default:
      return mount satisfies never;
  }
}

function checkEntitlements({ network, security, devices }: ExpandedRun, { allow, network: asked }: BuildRequest): void {
  if (network === "host" && asked !== "host" && !allow.includes("network.host")) throw new EngineError("Forbidden", "failed to load LLB: network.host is not allowed");
  if (security === "insecure" && !allow.includes("security.insecure")) throw new EngineError("Forbidden", "failed to load LLB: security.insecure is not allowed");
  if (devices.length > 0 && !allow.includes("device")) throw new EngineError("Forbidden", "failed to load LLB: device is not allowed");
}
