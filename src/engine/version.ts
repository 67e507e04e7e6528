import type { SystemVersion } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";

export const API_VERSION = "1.51";
export const MIN_API_VERSION = "1.24";
const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64" };

export async function systemVersion(ctx: EngineContext): Promise<SystemVersion> {
  const { version, gitCommit, buildTime } = ctx.identity;
  const arch = ARCHITECTURES[ctx.host.architecture] ?? ctx.host.architecture;
  const facts = { Version: version, ApiVersion: API_VERSION, MinAPIVersion: MIN_API_VERSION, GitCommit: gitCommit, Os: "linux", Arch: arch, KernelVersion: ctx.host.kernelVersion, BuildTime: buildTime };
  return {
    Platform: { Name: "Hakobune" },
    Components: [
      {
        Name: "Engine",
        Version: version,
        Details: { ApiVersion: API_VERSION, Arch: arch, BuildTime: buildTime, Experimental: "false", GitCommit: gitCommit, GoVersion: "", KernelVersion: ctx.host.kernelVersion, MinAPIVersion: MIN_API_VERSION, Os: "linux" },
      },
      { Name: "hako-shim", Version: version, Details: { GitCommit: gitCommit } },
    ],
    ...facts,
    GoVersion: "",
  };
}
