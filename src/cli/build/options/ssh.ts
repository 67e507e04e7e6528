import { closeSync, openSync, readSync, statSync } from "node:fs";
import { agentAt, agentOfKeys, type SshAgent } from "../ssh/agent.ts";
import { agentKey, type AgentKey } from "../ssh/agent-key.ts";
import { parsePrivateKey } from "../ssh/private-key.ts";
import { UnusableKey } from "../ssh/unusable-key.ts";
import { reason } from "../walk-folder.ts";
import { notPrepared } from "./fields.ts";

const MAX_KEY_BYTES = 100 * 1024;

/** `--ssh default|ID[=SOCKET|KEY[,KEY]]`: agents by id. @throws Failure in docker's words */
export function parseSsh(texts: readonly string[]): Map<string, SshAgent> {
  const agents = new Map<string, SshAgent>();
  for (const text of texts) {
    const equals = text.indexOf("=");
    const id = equals < 0 ? text : text.slice(0, equals);
    const paths = equals < 0 ? [] : text.slice(equals + 1).split(",");
    const key = id || "default";
    if (agents.has(key)) throw notPrepared(`duplicate agent ID ${JSON.stringify(key)}`);
    agents.set(key, parseAgent(id, paths));
  }
  return agents;
}

function parseAgent(id: string, paths: readonly string[]): SshAgent {
  const isBare = paths.length === 0 || (paths.length === 1 && paths[0] === "");
  const given = isBare ? [process.env["SSH_AUTH_SOCK"] ?? ""] : paths;
  const about = `failed to convert agent config {${id} [${paths.join(" ")}] false}:`;
  if (given[0] === "") throw notPrepared(`${about} invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set`);
  try {
    return agentOf(given);
  } catch (error) {
    if (!(error instanceof UnusableKey)) throw error;
    throw notPrepared(`${about} failed to convert agent config for ID: ${JSON.stringify(id || "default")}: ${error.message}`);
  }
}

/** One socket, or keys. @throws UnusableKey */
function agentOf(paths: readonly string[]): SshAgent {
  const keys: AgentKey[] = [];
  let socket: string | undefined;
  for (const path of paths) {
    if (socket !== undefined) throw new UnusableKey("only single socket allowed");
    if (isSocket(path)) socket = path;
    else keys.push(readKey(path));
  }
  if (socket === undefined) return agentOfKeys(keys);
  if (keys.length > 0) throw new UnusableKey("invalid combination of keys and sockets");
  return agentAt(socket);
}

function isSocket(path: string): boolean {
  try {
    return statSync(path).isSocket();
  } catch (error) {
    throw new UnusableKey(`stat ${path}: ${reason(error)}`);
  }
}

function readKey(path: string): AgentKey {
  const text = textOf(path);
  const key = whatFails(`failed to parse ${path}`, () => parsePrivateKey(text));
  return whatFails(`failed to add ${path} to agent`, () => agentKey(key));
}

function textOf(path: string): string {
  const fd = whatFails(`failed to open ${path}`, () => openSync(path, "r"), `open ${path}: `);
  try {
    const bytes = Buffer.alloc(MAX_KEY_BYTES);
    const length = whatFails(`failed to read ${path}`, () => readSync(fd, bytes), `read ${path}: `);
    return bytes.toString("latin1", 0, length);
  } finally {
    closeSync(fd);
  }
}

function whatFails<T>(what: string, work: () => T, call = ""): T {
  try {
    return work();
  } catch (error) {
    throw new UnusableKey(`${what}: ${call}${error instanceof UnusableKey ? error.message : reason(error)}`);
  }
}
