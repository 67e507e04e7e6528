import { existsSync } from "node:fs";
import { unpackContext } from "../contexts/archive.ts";
import { checkContextName } from "../contexts/names.ts";
import { contextExists, writeMeta, writeTls } from "../contexts/store.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import { openInput } from "../options/input.ts";
import { err, out } from "../output.ts";

export async function run({ args, config }: Invocation): Promise<number> {
  const [name = "", source = ""] = args;
  checkContextName(name);
  if (contextExists(config.folder, name)) throw new Failure(`context ${JSON.stringify(name)} already exists`);
  if (source !== "-" && !existsSync(source)) throw new Failure(`open ${source}: no such file or directory`);
  const { meta, tls } = await unpackContext(openInput(source === "-" ? undefined : source));
  writeTls(config.folder, name, tls);
  writeMeta(config.folder, { ...meta, Name: name });
  out(`${name}\n`);
  err(`Successfully imported context ${JSON.stringify(name)}\n`);
  return 0;
}
