const NAMES: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64", i686: "386", i386: "386", armv7l: "arm/v7" };

/** The kernel's name of an architecture as images have it. */
export const goArchitecture = (machine: string): string => NAMES[machine] ?? machine;
