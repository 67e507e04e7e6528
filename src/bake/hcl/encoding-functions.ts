import { createHash, constants, privateDecrypt } from "node:crypto";
import { homedir } from "node:os";
import type { At } from "./ast.ts";
import type { HclFunction } from "./evaluate.ts";
import { DefinitionError } from "./scanner.ts";
import { numberOf, textOf, type Value } from "./value.ts";

const DEFAULT_COST = 10;
const MAX_COST = 16;

/** Tables, times, identifiers and secrets. */
export const encodingFunctions: Readonly<Record<string, HclFunction>> = {
  bcrypt: (args, at) => {
    const cost = args[1] === undefined ? DEFAULT_COST : numberOf(args[1], at);
    if (cost < 4 || cost > MAX_COST) throw new DefinitionError(at, `bcrypt: a cost from 4 to ${MAX_COST} is wanted`);
    return Bun.password.hashSync(textOf(args[0] ?? null, at), { algorithm: "bcrypt", cost });
  },
  csvdecode: (args, at) => table(textOf(args[0] ?? null, at), at),
  homedir: () => homedir(),
  rsadecrypt: (args, at) => decrypted(textOf(args[0] ?? null, at), textOf(args[1] ?? null, at), at),
  timeadd: (args, at) => later(textOf(args[0] ?? null, at), textOf(args[1] ?? null, at), at),
  uuidv5: (args, at) => uuidv5(textOf(args[0] ?? null, at), textOf(args[1] ?? null, at), at),
};

/** RFC 4180; the first line names the columns. */
function table(text: string, at: At): Value {
  const [head, ...rows] = rowsOf(text, at);
  if (!head) throw new DefinitionError(at, "csvdecode: missing header line");
  return rows.map((row) => {
    if (row.length !== head.length) throw new DefinitionError(at, "csvdecode: wrong number of fields");
    return Object.fromEntries(head.map((name, index) => [name, row[index] ?? ""]));
  });
}

function rowsOf(text: string, at: At): string[][] {
  const rows: string[][] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  let row: string[] = [];
  for (let offset = 0; offset < text.length || row.length > 0; offset = cell.lastIndex) {
    cell.lastIndex = offset;
    const found = cell.exec(text);
    if (!found) throw new DefinitionError(at, "csvdecode: a quote where none may be");
    const [, quoted, plain = "", end] = found;
    row.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ",") continue;
    // Lines with nothing on them do not count.
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
    if (cell.lastIndex >= text.length) break;
  }
  return rows;
}

function decrypted(ciphertext: string, key: string, at: At): string {
  try {
    return privateDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.from(ciphertext, "base64")).toString();
  } catch (error) {
    throw new DefinitionError(at, `rsadecrypt: ${(error as Error).message}`);
  }
}

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 0.001, "µs": 0.001, ns: 0.000001 };

/** RFC 3339 and Go's durations: `2020-01-01T00:00:00Z`, `-1h30m`. */
function later(instant: string, duration: string, at: At): string {
  const date = Date.parse(instant);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(instant) || Number.isNaN(date)) throw new DefinitionError(at, `timeadd: "${instant}" is no time of RFC 3339`);
  if (!/^[-+]?(?:\d+(?:\.\d*)?(?:h|ms|m|s|us|µs|ns))+$/.test(duration)) throw new DefinitionError(at, `timeadd: time: invalid duration ${JSON.stringify(duration)}`);
  const added = [...duration.matchAll(/(\d+(?:\.\d*)?)(h|ms|m|s|us|µs|ns)/g)].reduce((sum, [, amount, unit = ""]) => sum + Number(amount) * (UNITS[unit] ?? 0), 0);
  const [, zone = "Z"] = /(Z|[-+]\d\d:\d\d)$/.exec(instant) ?? [];
  const offset = zone === "Z" ? 0 : (zone.startsWith("-") ? -1 : 1) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4))) * 60_000;
  return new Date(date + (duration.startsWith("-") ? -added : added) + offset).toISOString().replace(/(?:\.\d+)?Z$/, zone);
}

/** The namespaces of RFC 4122, by the first name's type. */
const NAMESPACES: Readonly<Record<string, string>> = { dns: "6ba7b810-9dad-11d1-80b4-00c04fd430c8", url: "6ba7b811-9dad-11d1-80b4-00c04fd430c8", oid: "6ba7b812-9dad-11d1-80b4-00c04fd430c8", x500: "6ba7b814-9dad-11d1-80b4-00c04fd430c8" };

function uuidv5(namespace: string, name: string, at: At): string {
  const known = NAMESPACES[namespace] ?? namespace;
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(known)) throw new DefinitionError(at, `uuidv5() doesn't support namespace ${namespace}`);
  const bytes = createHash("sha1").update(Buffer.from(known.replaceAll("-", ""), "hex")).update(name).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
