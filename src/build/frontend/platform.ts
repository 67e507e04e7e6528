import { EngineError } from "../../base/mod.ts";
import type { ArgumentPlatform } from "../../dockerfile/mod.ts";
import type { Platform } from "../graph/op.ts";

const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: "amd64", "x86-64": "amd64", i386: "386", aarch64: "arm64", armhf: "arm", armel: "arm" };
const KNOWN = /^(?:386|amd64|arm|arm64|loong64|mips|mips64|mips64le|mipsle|ppc64|ppc64le|riscv64|s390x|wasm)$/;
/** Systems that a lone word may name. */
const SYSTEMS = /^(?:aix|android|darwin|dragonfly|freebsd|illumos|ios|js|linux|netbsd|openbsd|plan9|solaris|wasip1|windows)$/;

/** This machine's. */
export const OWN_PLATFORM: Platform = { os: "linux", architecture: process.arch === "arm64" ? "arm64" : "amd64" };

/** `os/architecture/variant`, or a part of it; the rest is this machine's. @throws EngineError InvalidParameter */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split("/");
  const invalid = (problem: string): EngineError => new EngineError("InvalidParameter", `failed to parse platform ${text}: ${JSON.stringify(text)}: ${problem}: invalid argument`);
  if (parts.length > 3) throw invalid("cannot parse platform specifier");
  if (!parts.every((part) => /^[a-z0-9_.-]+$/.test(part))) throw new EngineError("InvalidParameter", `failed to parse platform ${text}: ${JSON.stringify(parts.find((part) => !/^[a-z0-9_.-]+$/.test(part)))} is an invalid component of ${JSON.stringify(text)}: platform specifier component must match "^[A-Za-z0-9_.-]+$": invalid argument`);
  const [first = "", second, third] = parts;
  if (second === undefined) {
    if (SYSTEMS.test(first)) return normalPlatform({ os: first, architecture: OWN_PLATFORM.architecture });
    if (KNOWN.test(first) || Object.hasOwn(ARCHITECTURES, first)) return normalPlatform({ os: "linux", architecture: first });
    throw invalid("unknown operating system or architecture");
  }
  return normalPlatform({ os: first, architecture: second, variant: third });
}

/** Other spellings in the usual one; variants that say nothing new are left out. */
export function normalPlatform({ os, architecture: written, variant }: Platform): Platform {
  const architecture = ARCHITECTURES[written] ?? written;
  const given = variant || (written === "armel" ? "v6" : undefined);
  const without = (architecture === "arm64" && (given === "v8" || given === "8")) || (architecture === "amd64" && given === "v1");
  const used = without ? undefined : architecture === "arm" ? `v${(given ?? "v7").replace(/^v/, "")}` : given;
  return { os: os === "macos" ? "darwin" : os, architecture, ...(used !== undefined && { variant: used }) };
}

export const platformText = ({ os, architecture, variant }: Platform): string => [os, architecture, ...(variant ? [variant] : [])].join("/");

/** As the Dockerfile's arguments want it. */
export const argumentPlatform = ({ os, architecture, variant }: Platform): ArgumentPlatform => ({ os, architecture, ...(variant !== undefined && { variant }) });

export const samePlatform = (one: Platform, other: Platform): boolean => platformText(one) === platformText(other);
