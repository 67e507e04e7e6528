const BY_SYSTEM: Readonly<Record<string, string>> = {
  aix: "ppc64",
  android: "386 amd64 arm arm64",
  darwin: "386 amd64 arm arm64",
  dragonfly: "amd64",
  freebsd: "386 amd64 arm arm64",
  illumos: "amd64",
  ios: "arm64",
  js: "wasm",
  linux: "386 amd64 arm arm64 ppc64le mips64 mips64le s390x riscv64",
  netbsd: "386 amd64 arm arm64",
  openbsd: "386 amd64 arm arm64",
  plan9: "386 amd64 arm",
  solaris: "amd64",
  wasip1: "wasm",
  windows: "386 amd64 arm arm64",
};

/** What docker lets a list say. */
export function isKnownPlatform({ os, architecture }: { readonly os: string; readonly architecture: string }): boolean {
  return (Object.hasOwn(BY_SYSTEM, os) ? (BY_SYSTEM[os] ?? "") : "").split(" ").includes(architecture) && architecture !== "";
}
