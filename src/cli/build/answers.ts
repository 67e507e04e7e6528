import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, realpathSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { EngineError } from "../../base/mod.ts";
import { ignoreMatcher } from "../../dockerfile/mod.ts";
import { MAX_LISTING_BYTES, readAll, type BuildQuestion, type BuildStream } from "../../spec/mod.ts";
import type { Output } from "./options/output.ts";
import { readSecret, type Secret } from "./options/secrets.ts";
import { lendAgent, type SshAgent } from "./ssh/agent.ts";
import { receiveOutput } from "./receive-output.ts";
import { readWanted } from "./send-files.ts";
import { reason, walkFolder, type IgnoreRules } from "./walk-folder.ts";

/** What the engine may ask this machine for while it builds, and nothing else. */
export interface BuildInput {
  /** Absolute paths by name. */
  readonly folders: ReadonlyMap<string, string>;
  readonly secrets: ReadonlyMap<string, Secret>;
  /** By id. */
  readonly agents: ReadonlyMap<string, SshAgent>;
  /** Of the exporters, then of the caches that are written. */
  readonly outputs: readonly Pick<Output, "destination">[];
}

/** Answers one question of the engine's. What it throws is told to the engine. */
export async function answerQuestion(input: BuildInput, question: BuildQuestion, stream: BuildStream): Promise<void> {
  switch (question.ask) {
    case "folder":
      return await sendFolder(folderOf(input, question.name), question.name, question.ignore, stream);
    case "file":
      return await sendWhole(stream, readInside(folderOf(input, question.name), question.path, question.maxBytes));
    case "secret":
      return await sendWhole(stream, secretOf(input, question.id));
    case "ssh":
      return await lend(input, question.id, question.probe === true, stream);
    case "output": {
      const destination = input.outputs[question.index]?.destination;
      if (!destination) throw new EngineError("NotFound", "nothing was asked to be written here");
      await receiveOutput(stream, destination);
      return stream.end();
    }
    default:
      throw new EngineError("InvalidParameter", "the engine asks for something that this command line does not know: it is newer than this program");
  }
}

function folderOf({ folders }: BuildInput, name: string): string {
  const folder = folders.get(name);
  if (folder === undefined) throw new EngineError("NotFound", "no local sources enabled");
  return folder;
}

async function sendWhole(stream: BuildStream, bytes: Uint8Array): Promise<void> {
  await stream.write(bytes);
  stream.end();
}

/** The engine may be another machine's: it is given nothing that lies elsewhere, by `..` or by a link. */
function readInside(folder: string, path: string, maxBytes: number): Uint8Array {
  let fd: number;
  try {
    const [root, real] = [realpathSync(folder), realpathSync(join(folder, path))];
    if (real !== root && !real.startsWith(root === "/" ? root : `${root}/`)) throw new EngineError("InvalidParameter", `${path} leads out of ${folder}`);
    fd = openSync(real, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    const why = `open ${path}: ${reason(error)}`;
    throw new EngineError(error instanceof Error && "code" in error && error.code === "ENOENT" ? "NotFound" : "InvalidParameter", why);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new EngineError("InvalidParameter", `${path} is no regular file`);
    if (stat.size > maxBytes) throw new EngineError("TooLarge", `${path} is larger than ${maxBytes} bytes`);
    const bytes = Buffer.alloc(stat.size);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) read = readSync(fd, bytes, length, bytes.length - length, null);
    return bytes.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

function secretOf({ secrets }: BuildInput, id: string): Uint8Array {
  const secret = secrets.get(id);
  const bytes = secret && readSecret(secret);
  if (!bytes) throw new EngineError("NotFound", `secret ${id}: not found`);
  return bytes;
}

async function lend({ agents }: BuildInput, id: string, probe: boolean, stream: BuildStream): Promise<void> {
  const agent = agents.get(id || "default");
  if (agent === undefined) throw new EngineError("NotFound", `unset ssh forward key ${id || "default"}`);
  if (probe) return stream.end();
  await lendAgent(agent, stream);
}

async function sendFolder(root: string, name: string, ignore: readonly string[], stream: BuildStream): Promise<void> {
  const walked = walkFolder(root, rulesOf(ignore));
  if (walked.listing.length > MAX_LISTING_BYTES) throw new EngineError("TooLarge", "the build context has too many files: list what the build does not need in .dockerignore");
  const head = Buffer.alloc(KEY_AND_LENGTH_BYTES);
  head.write(folderKey(root, name), "latin1");
  head.writeUInt32LE(walked.listing.length, head.length - 4);
  await stream.write(Buffer.concat([head, walked.listing]));
  const wanted = await readAll(stream, walked.files.length * 9, "the list of wanted files");
  let sent: Promise<void> = Promise.resolve();
  // One piece is read while the one before goes out.
  for (const piece of readWanted(root, walked, wanted)) {
    await sent;
    sent = stream.write(piece);
    sent.catch(() => undefined);
  }
  await sent;
  stream.end();
}

const KEY_AND_LENGTH_BYTES = 68;

function rulesOf(ignore: readonly string[]): IgnoreRules | undefined {
  if (ignore.length === 0) return undefined;
  const matcher = ignoreMatcher(ignore);
  return { ignores: (path) => matcher.ignores(path), mayHold: (path) => matcher.mayContainIncluded(path) };
}

/** The engine keeps a copy by this name: the same for the same folder of this machine. */
function folderKey(root: string, name: string): string {
  return new Bun.CryptoHasher("sha256").update(JSON.stringify([machineName(), process.getuid?.() ?? 0, root, name])).digest("hex");
}

function machineName(): string {
  try {
    return readFileSync("/etc/machine-id", "latin1").trim() || hostname();
  } catch {
    return hostname();
  }
}
