import { readdirSync } from "node:fs";
import { readSmallText } from "./proc.ts";

const FOLDER = "/proc/sys/fs/binfmt_misc";

/** qemu's names of what images call otherwise. */
const QEMU_NAMES: Readonly<Record<string, string>> = { amd64: "x86_64", arm64: "aarch64", "386": "i386", mips64le: "mips64el", mipsle: "mipsel", loong64: "loongarch64" };

/** Whether the kernel hands programs of an architecture (as images name it) to an interpreter that containers need not have. */
export function interpretsPrograms(architecture: string): boolean {
  return isInterpreted(architecture, handlers());
}

/** Of these architectures those of which that is so. */
export function interpretedArchitectures(architectures: readonly string[]): string[] {
  const registered = handlers();
  return architectures.filter((architecture) => isInterpreted(architecture, registered));
}

function isInterpreted(architecture: string, registered: readonly string[]): boolean {
  const name = QEMU_NAMES[architecture] ?? architecture;
  return registered.some((text) => /^enabled$/m.test(text) && /^flags:.*F/m.test(text) && new RegExp(`^interpreter .*-${name}(?:-static|-binfmt-P|-binfmt)?$`, "m").test(text));
}

function handlers(): string[] {
  try {
    return readdirSync(FOLDER).filter((name) => name !== "register" && name !== "status").map((name) => readSmallText(`${FOLDER}/${name}`) ?? "");
  } catch {
    // The file system is not mounted: nobody has registered anything.
    return [];
  }
}
