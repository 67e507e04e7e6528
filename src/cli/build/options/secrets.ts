import { existsSync, readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { Failure } from "../../failure.ts";
import { reason } from "../walk-folder.ts";
import { notPrepared, splitPairs } from "./fields.ts";

const MAX_SECRET_BYTES = 500 * 1024;

/** What a build may be given under a name; a file is read when it asks. */
export type Secret = { readonly file: string } | { readonly value: string | undefined };

export type Variables = Readonly<Record<string, string | undefined>>;

/** `--secret id=NAME[,src=FILE|,env=VARIABLE]`. @throws Failure in docker's words */
export function parseSecrets(texts: readonly string[], variables: Variables): Map<string, Secret> {
  return new Map(texts.map((text) => parseSecret(text, variables)));
}

function parseSecret(text: string, variables: Variables): readonly [string, Secret] {
  let [id, file, env, type] = ["", "", "", ""];
  for (const [key, value] of splitPairs(text)) {
    if (key === "type") {
      if (value !== "file" && value !== "env") throw new Failure(`ERROR: unsupported secret type ${JSON.stringify(value)}`);
      type = value;
    } else if (key === "id") id = value;
    else if (key === "source" || key === "src") file = value;
    else if (key === "env") env = value;
    else throw new Failure(`ERROR: unexpected key '${key}' in '${key}=${value}'`);
  }
  if (type === "env" && env === "") {
    env = file || id;
    file = "";
  }
  if (id === "" && file !== "") id = basename(file);
  if (file === "" && env === "") {
    // As docker: a variable of that name, or a file.
    if (type !== "file" && variables[id] !== undefined) env = id;
    else file = id;
  }
  if (id === "") throw notPrepared("secret missing ID");
  if (env !== "") return [id, { value: variables[env] }];
  checkFile(file);
  return [id, { file }];
}

function checkFile(path: string): void {
  if (!existsSync(path)) throw notPrepared(`failed to stat ${path}: stat ${path}: no such file or directory`);
  if (statSync(path).size > MAX_SECRET_BYTES) throw notPrepared(`secret ${path} too big. max size 500KB`);
}

/** Undefined where the variable is not set. @throws Failure */
export function readSecret(secret: Secret): Uint8Array | undefined {
  if ("value" in secret) return secret.value === undefined ? undefined : Buffer.from(secret.value);
  try {
    return readFileSync(secret.file);
  } catch (error) {
    throw new Failure(`open ${secret.file}: ${reason(error)}`);
  }
}
