import { EngineError } from "../../base/mod.ts";
import type { ImageConfig } from "../../spec/mod.ts";

const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: "amd64", "x86-64": "amd64", aarch64: "arm64", i386: "386", armhf: "arm", armel: "arm" };

const isArchitecture = (text: string): boolean => Object.hasOwn(ARCHITECTURES, text) || /^(386|amd64|arm|arm64|loong64|mips64le|ppc64le|riscv64|s390x)$/.test(text);

export const OWN_ARCHITECTURE = process.arch === "arm64" ? "arm64" : "amd64";

/** `os`, `os/arch` or `os/arch/variant`. @throws EngineError InvalidParameter */
export function parsePlatform(text: string): { os: string; architecture: string | undefined; variant: string | undefined } {
  const parts = text.toLowerCase().split("/");
  if (parts.length > 3 || !parts.every((part) => /^[a-z0-9_.-]+$/.test(part))) throw new EngineError("InvalidParameter", `${JSON.stringify(text.slice(0, 128))}: cannot parse platform specifier: invalid argument`);
  const [os = "", architecture, variant] = parts.length === 1 && isArchitecture(parts[0] ?? "") ? ["linux", ...parts] : parts;
  return { os, architecture: architecture === undefined ? undefined : (ARCHITECTURES[architecture] ?? architecture), variant };
}

/** Whether a platform, as far as it is given, is this machine's. */
export function isOwnPlatform(text: string): boolean {
  const { os, architecture } = parsePlatform(text);
  return os === "linux" && (architecture ?? OWN_ARCHITECTURE) === OWN_ARCHITECTURE;
}

export function platformFits(image: ImageConfig, { os, architecture, variant }: ReturnType<typeof parsePlatform>): boolean {
  return os === image.os && (architecture ?? image.architecture) === image.architecture && (variant === undefined || (image.variant ?? variant) === variant);
}

/** @throws EngineError NotFound, when the image is for another machine than asked */
export function checkPlatform(ref: string, image: ImageConfig, asked: string | undefined): void {
  if (!asked) return;
  const { os, architecture, variant } = parsePlatform(asked);
  if (platformFits(image, { os, architecture, variant })) return;
  const wanted = [os, architecture, variant].filter((part) => part !== undefined).join("/");
  throw new EngineError("NotFound", `image with reference ${ref} was found but its platform (${image.os}/${image.architecture}${image.variant ? `/${image.variant}` : ""}) does not match the specified platform (${wanted})`);
}
