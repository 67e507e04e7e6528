import { closeSync, openSync, writeSync } from "node:fs";
import { packContext } from "../contexts/archive.ts";
import { copyOf } from "../contexts/copy.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import { fileFailure } from "../file-failure.ts";
import { err, out } from "../output.ts";
import { stdoutIsTerminal } from "../terminal.ts";

export async function run(invocation: Invocation): Promise<number> {
  const [name = "", target] = invocation.args;
  const { metadata, endpoint, tls } = copyOf(invocation, name);
  const archive = packContext({ Name: name, Metadata: metadata, Endpoints: { docker: endpoint } }, tls);
  if (target === "-") {
    if (stdoutIsTerminal()) throw new Failure("cowardly refusing to export to a terminal, specify a file path");
    out(archive);
    return 0;
  }
  const path = target ?? `${name}.dockercontext`;
  writeNew(path, archive);
  err(`Written file ${JSON.stringify(path)}\n`);
  return 0;
}

/** A key may be in it: for its owner's eyes alone, and nothing is overwritten. */
function writeNew(path: string, bytes: Uint8Array): void {
  try {
    const fd = openSync(path, "wx", 0o600);
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw fileFailure("open", path, error);
  }
}
