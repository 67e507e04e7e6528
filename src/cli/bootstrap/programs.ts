import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../failure.ts";

const MAX_MESSAGE_CHARACTERS = 2000;

/** The signed text of a clear-signed file. @throws Failure when no key of the keyring has signed it */
export async function verifySigned(signed: Uint8Array, keyring: string, what: string): Promise<string> {
  const gpgv = Bun.which("gpgv");
  if (gpgv === null) throw new Failure(`gpgv is needed to verify ${what}: install the package gpgv, then run it again`);
  const folder = mkdtempSync(join(tmpdir(), "hako-bootstrap-"));
  try {
    const path = join(folder, "signed");
    writeFileSync(path, signed);
    const child = Bun.spawn([gpgv, "--keyring", keyring, "--output", "-", path], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    const [text, message, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
    if (code !== 0) throw new Failure(`${what} is not signed by a key of ${keyring}: ${shortened(message)}`);
    return text;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface DebianRoot {
  readonly tar: ReadableStream<Uint8Array>;
  /** @throws Failure, with the program's own words */
  finished(): Promise<void>;
}

/** A root file system of the required packages, made by mmdebstrap, which verifies what it downloads. @throws Failure when it is not installed */
export function makeDebianRoot({ suite, mirror, keyring, architecture }: { readonly suite: string; readonly mirror: string; readonly keyring: string; readonly architecture: string }): DebianRoot {
  const mmdebstrap = Bun.which("mmdebstrap");
  if (mmdebstrap === null) throw new Failure("mmdebstrap is needed to make an image of Debian: install the package mmdebstrap, then run it again");
  const child = Bun.spawn([mmdebstrap, "--variant=minbase", "--format=tar", `--architectures=${architecture}`, `--keyring=${keyring}`, "--quiet", suite, "-", mirror], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const message = new Response(child.stderr).text();
  return {
    tar: child.stdout,
    async finished() {
      const [code, text] = [await child.exited, await message];
      if (code !== 0) throw new Failure(`mmdebstrap ended with ${code}: ${shortened(text)}`);
    },
  };
}

const shortened = (text: string): string => text.trim().slice(-MAX_MESSAGE_CHARACTERS).replace(/[^\P{C}\n]/gu, "?");
