import { Failure } from "../failure.ts";

/** `--platform os[/arch[/variant]]`, as JSON: the form in which routes of images take it. @throws Error in Docker's words */
export function platformJson(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  const parts = text.toLowerCase().split("/");
  const bad = parts.find((part) => !/^[a-z0-9_.-]+$/.test(part));
  if (bad !== undefined) throw new Failure(`${JSON.stringify(bad)} is an invalid component of ${JSON.stringify(text)}: platform specifier component must match "^[A-Za-z0-9_.-]+$": invalid argument`);
  if (parts.length > 3) throw new Failure(`${JSON.stringify(text)}: cannot parse platform specifier: invalid argument`);
  const [os, architecture, variant] = parts;
  return JSON.stringify({ os, ...(architecture !== undefined && { architecture }), ...(variant !== undefined && { variant }) });
}

const SYSTEMS = /^(aix|android|darwin|dragonfly|freebsd|illumos|ios|js|linux|netbsd|openbsd|plan9|solaris|wasip1|windows|zos)$/;
const ARCHITECTURES = /^(386|amd64|amd64p32|arm|armbe|arm64|arm64be|ppc64|ppc64le|loong64|mips|mipsle|mips64|mips64le|mips64p32|mips64p32le|ppc|riscv|riscv64|s390|s390x|sparc|sparc64|wasm|x86_64|x86-64|aarch64|i386|armhf|armel)$/;

/** What cannot be a platform is refused before the engine is asked. @throws Error in Docker's words */
export function checkPlatform(text: string | undefined): void {
  if (text === undefined || text === "") return;
  const refuse = (reason: string): never => {
    throw new Error(`error parsing specified platform: ${reason}: invalid argument`);
  };
  const [os = "", ...parts] = text.split("/");
  const bad = parts.find((part) => !/^[A-Za-z0-9_.-]+$/.test(part));
  if (!/^[A-Za-z0-9_-]+(\([A-Za-z0-9_.-]*\))?$/.test(os)) refuse(`${JSON.stringify(os)} is an invalid OS component of ${JSON.stringify(text)}: OSAndVersion specifier component must match "^([A-Za-z0-9_-]+)(?:\\\\(([A-Za-z0-9_.-]*)\\\\))?$"`);
  if (bad !== undefined) refuse(`${JSON.stringify(bad)} is an invalid component of ${JSON.stringify(text)}: platform specifier component must match "^[A-Za-z0-9_.-]+$"`);
  if (parts.length > 2) refuse(`${JSON.stringify(text)}: cannot parse platform specifier`);
  if (parts.length === 0 && !SYSTEMS.test(os.toLowerCase()) && !ARCHITECTURES.test(os.toLowerCase())) refuse(`${JSON.stringify(text)}: unknown operating system or architecture`);
}
