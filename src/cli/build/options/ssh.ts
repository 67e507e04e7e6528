import { statSync } from "node:fs";
import { notPrepared } from "./fields.ts";

/** `--ssh default|ID[=SOCKET]`: the sockets of agents by id. @throws Failure in docker's words */
export function parseSsh(texts: readonly string[]): Map<string, string> {
  return new Map(texts.map(parseAgent));
}

function parseAgent(text: string): readonly [string, string] {
  const equals = text.indexOf("=");
  const id = equals < 0 ? text : text.slice(0, equals);
  const paths = equals < 0 ? [] : text.slice(equals + 1).split(",").filter((path) => path !== "");
  const fail = (why: string): never => {
    throw notPrepared(`failed to convert agent config {${id} [${paths.join(" ")}] false}: ${why}`);
  };
  const [path = process.env["SSH_AUTH_SOCK"] ?? ""] = paths;
  if (path === "") fail("invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set");
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return fail(`failed to convert agent config for ID: ${JSON.stringify(id)}: stat ${path}: no such file or directory`);
  // Only an agent has keys here: give it to one, and name its socket.
  if (!stat.isSocket()) return fail(`${path} is no socket: add the key to an agent with ssh-add, and name the agent's socket`);
  if (paths.length > 1) fail("only single socket allowed");
  return [id, path];
}
