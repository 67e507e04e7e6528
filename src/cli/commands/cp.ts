import { isatty } from "node:tty";
import { EngineError } from "../../base/mod.ts";
import type { Invocation } from "../command.ts";
import { copyFromContainer } from "../copy/from-container.ts";
import { splitArgument } from "../copy/paths.ts";
import { copyToContainer, targetSide } from "../copy/to-container.ts";
import { localPath, localTarget } from "../copy/local.ts";
import { Failure } from "../failure.ts";
import { humanSize } from "../format/size.ts";
import { err } from "../output.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags, args } = invocation;
  const sources = args.slice(0, -1).map(splitArgument);
  const target = splitArgument(args.at(-1) ?? "");
  for (const source of sources) checkSides(source, target);
  if (sources.length > 1) await requireFolder(invocation, sources, target);
  for (const source of sources) {
    const { bytes, target: shown } = await copy(invocation, source, target);
    // As docker: who reads a log does not want to know.
    if (isatty(2) && !flags.bool("quiet") && source.path !== "-" && target.path !== "-") err(`Successfully copied ${humanSize(bytes)} to ${target.container === "" ? shown : `${target.container}:${shown}`}\n`);
  }
  return 0;
}

interface Side {
  readonly container: string;
  readonly path: string;
}

function checkSides(source: Side, target: Side): void {
  if (source.container !== "" && target.container !== "") throw new Failure("copying between containers is not supported");
  if (source.container === "" && target.container === "") throw new Failure("must specify at least one container source");
}

/** Several things have room in a folder only. */
async function requireFolder({ client, args }: Invocation, sources: readonly Side[], target: Side): Promise<void> {
  if (sources.some(({ path }) => path === "-") || target.path === "-") throw new Failure("an archive on standard input or output stands alone: give one source and one destination");
  const isFolder = target.container === "" ? localTarget(localPath(target.path)).isFolder : (await targetSide(client, target.container, target.path)).isFolder;
  if (!isFolder) throw new Failure(`destination "${args.at(-1)}" must be a directory: there are several sources`);
}

/** Said by docker without a word before it: what this machine's files, or the archive, stand in the way with. */
export function asFailure(error: unknown): unknown {
  return error instanceof EngineError || (error instanceof Error && error.name === "SyscallError") ? new Failure(error.message) : error;
}

async function copy(invocation: Invocation, source: Side, target: Side): Promise<{ bytes: number; target: string }> {
  try {
    return await copyOne(invocation, source, target);
  } catch (error) {
    throw asFailure(error);
  }
}

function copyOne({ client, flags }: Invocation, source: Side, target: Side): Promise<{ bytes: number; target: string }> {
  const followLink = flags.bool("follow-link");
  if (source.container !== "") return copyFromContainer({ client, container: source.container, source: source.path, target: target.path, followLink });
  return copyToContainer({ client, container: target.container, source: source.path, target: target.path, followLink, copyOwners: flags.bool("archive") });
}
