import { posix } from "node:path";
import { parseBoolean } from "./boolean.ts";
import { csvFields } from "./csv.ts";
import { InstructionError } from "./instruction-error.ts";
import type { MountOwner, RunMount } from "./run-types.ts";
import { suggestion } from "./suggest.ts";
import { quoted } from "./text.ts";

const TYPES = ["bind", "cache", "tmpfs", "secret", "ssh"] as const;
const SHARING = ["shared", "private", "locked"] as const;
const KEYS = ["type", "from", "source", "target", "readonly", "id", "sharing", "required", "size", "mode", "uid", "gid", "src", "dst", "destination", "ro", "rw", "readwrite", "env"];

/** The fields of one `--mount` as they are read, before the type is known for sure. */
interface Draft {
  type: (typeof TYPES)[number];
  from: string;
  source: string;
  target: string;
  id: string;
  readOnly?: boolean;
  required: boolean;
  sizeBytes: number;
  sharing?: (typeof SHARING)[number];
  env?: string;
  mode?: number;
  uid?: number;
  gid?: number;
}

/** A `--mount` of RUN whose values are expanded as they are read. @throws InstructionError in Docker's words */
export function parseMount(text: string, expand: (value: string) => string): RunMount {
  const draft: Draft = { type: "bind", from: "", source: "", target: "", id: "", required: false, sizeBytes: 0 };
  for (const field of csvFields(text, "mounts")) {
    const equals = field.indexOf("=");
    if (equals < 0) setBare(draft, field);
    else setValue(draft, field.slice(0, equals).toLowerCase(), expand(field.slice(equals + 1)), field);
  }
  checkDraft(draft);
  return mountOf(draft);
}

function setBare(draft: Draft, field: string): void {
  const key = field.toLowerCase();
  if (key === "readonly" || key === "ro") draft.readOnly = true;
  else if (key === "readwrite" || key === "rw") draft.readOnly = false;
  else if (key !== "required") throw new InstructionError(`invalid field '${field}' must be a key=value pair`, field);
  else setRequired(draft, key, true);
}

function setValue(draft: Draft, key: string, value: string, field: string): void {
  switch (key) {
    case "type":
      draft.type = oneOf(TYPES, value, "unsupported mount type");
      break;
    case "from":
      draft.from = value;
      break;
    case "source":
    case "src":
      draft.source = value;
      break;
    case "target":
    case "dst":
    case "destination":
      draft.target = value;
      break;
    case "readonly":
    case "ro":
      draft.readOnly = parseBoolean(key, value);
      break;
    case "readwrite":
    case "rw":
      draft.readOnly = !parseBoolean(key, value);
      break;
    case "required":
      setRequired(draft, key, () => parseBoolean(key, value));
      break;
    case "size":
      if (draft.type !== "tmpfs") throw unexpected(key, draft.type);
      draft.sizeBytes = sizeOf(value);
      break;
    case "id":
      draft.id = value;
      break;
    case "sharing":
      draft.sharing = oneOf(SHARING, value, "unsupported sharing value");
      break;
    case "mode":
    case "uid":
    case "gid":
      draft[key] = unsigned(value, key === "mode" ? 8 : 10, key);
      break;
    case "env":
      draft.env = value;
      break;
    default:
      throw new InstructionError(`unexpected key '${key}' in '${field}'${suggestion(key, KEYS)}`, field);
  }
}

function setRequired(draft: Draft, key: string, value: true | (() => boolean)): void {
  if (draft.type !== "secret" && draft.type !== "ssh") throw unexpected(key, draft.type);
  draft.required = value === true || value();
}

const unexpected = (key: string, type: string): InstructionError => new InstructionError(`unexpected key '${key}' for mount type '${type}'`);

function oneOf<T extends string>(allowed: readonly T[], value: string, what: string): T {
  const found = allowed.find((item) => item === value.toLowerCase());
  if (found === undefined) throw new InstructionError(`${what} ${quoted(value)}${suggestion(value, allowed)}`);
  return found;
}

function unsigned(value: string, base: 8 | 10, key: string): number {
  const number = (base === 8 ? /^[0-7]{1,11}$/ : /^[0-9]{1,10}$/).test(value) ? Number.parseInt(value, base) : Infinity;
  if (number > 0xffffffff) throw new InstructionError(`invalid value ${value} for ${key}`);
  return number;
}

const POWERS = "kmgtp";

/** Bytes of `64m`, `1.5g`, `100`, as docker reads sizes. */
function sizeOf(value: string): number {
  const [, number = "", unit = ""] = /^([0-9]+(?:\.[0-9]+)?) ?([kKmMgGtTpP])?(?:[iI]?[bB])?$/.exec(value) ?? [];
  if (number === "") throw new InstructionError(`invalid value for size: ${value}`);
  return Math.trunc(Number(number) * 1024 ** (unit === "" ? 0 : POWERS.indexOf(unit.toLowerCase()) + 1));
}

function checkDraft({ type, mode, uid, gid, from, sharing, source, target, id }: Draft): void {
  if (type === "bind" || type === "tmpfs") {
    for (const [key, value] of Object.entries({ mode, uid, gid })) if (value !== undefined) throw new InstructionError(`${key} not allowed for ${quoted(type)} type mounts`);
  }
  if (type === "secret") {
    if (from !== "") throw new InstructionError("secret mount should not have a from");
    if (sharing !== undefined) throw new InstructionError("secret mount should not define sharing");
    if (source === "" && target === "" && id === "") throw new InstructionError("invalid secret mount. one of source, target required");
    if (source !== "" && id !== "") throw new InstructionError("both source and id can't be set");
  }
  if (sharing !== undefined && type !== "cache") throw new InstructionError(`invalid cache sharing set for ${type} mount`);
  if (type === "ssh" && source !== "") throw new InstructionError("ssh does not support source");
}

function mountOf({ type, mode, uid, gid, from, source, target, id, env, required, sizeBytes, sharing = "shared", readOnly }: Draft): RunMount {
  const owner: MountOwner = { ...(mode !== undefined && { mode }), ...(uid !== undefined && { uid }), ...(gid !== undefined && { gid }) };
  const origin = from === "" ? {} : { from };
  switch (type) {
    case "bind":
      return { type, ...origin, source, target, readOnly: readOnly ?? true };
    case "cache":
      return { type, ...owner, ...origin, id: id || posix.normalize(target || ".").replace(/(?<=.)\/$/, ""), source, target, sharing, readOnly: readOnly ?? false };
    case "tmpfs":
      return { type, target, sizeBytes, readOnly: readOnly ?? false };
    case "secret": {
      const secret = source || id || posix.basename(target);
      const place = target !== "" ? target : env === undefined ? `/run/secrets/${posix.basename(secret)}` : undefined;
      return { type, ...owner, id: secret, required, ...(place !== undefined && { target: place }), ...(env !== undefined && { env }) };
    }
    case "ssh":
      return { type, ...owner, id: id || "default", required, ...(target !== "" && { target }) };
    default:
      return type satisfies never;
  }
}
