import type { Seccomp } from "../spec/mod.ts";
import { capabilityMask, compileSeccomp } from "../linux/mod.ts";
import type { PlanCompilers } from "./compile-process.ts";

/** Programs of profiles that differ; an engine sees a handful. */
const MAX_CACHED = 32;

/** The real compilers; a seccomp profile is compiled once, though each container brings its own copy of it. */
export function planCompilers(arch: "x64" | "arm64"): PlanCompilers {
  const byObject = new WeakMap<Seccomp, Uint8Array>();
  const byText = new Map<string, Uint8Array>();
  return {
    capabilityMask,
    seccompProgram(seccomp) {
      const known = byObject.get(seccomp);
      if (known) return known;
      const text = JSON.stringify(seccomp, (_key, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
      const program = byText.get(text) ?? compileSeccomp(seccomp, arch);
      if (byText.size >= MAX_CACHED) byText.clear();
      byText.set(text, program);
      byObject.set(seccomp, program);
      return program;
    },
  };
}
