import { capabilityMask, compileSeccomp } from "../linux/mod.ts";
import type { PlanCompilers } from "./compile-process.ts";

/** The real compilers; linux/ compiles each profile object once. */
export function planCompilers(arch: "x64" | "arm64"): PlanCompilers {
  return { capabilityMask, seccompProgram: (seccomp) => compileSeccomp(seccomp, arch) };
}
