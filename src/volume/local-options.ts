import { EngineError } from "../base/mod.ts";

/** What `volume create -o` asked of the local driver, read. */
export interface LocalOptions {
  /** What is to be mounted; absent: a folder of the engine's own. */
  readonly device?: { readonly type: string; readonly source: string; readonly words: readonly string[] };
  /** Of a folder of the engine's own; 0: none. */
  readonly limitBytes: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mode?: number;
}

const KNOWN = new Set(["type", "o", "device", "size", "uid", "gid", "mode"]);
const NEEDS: readonly (readonly [string, readonly string[]])[] = [["device", ["type"]], ["type", ["device"]], ["o", ["device", "type"]]];

/** @throws EngineError InvalidParameter, in Docker's words without the `create NAME: ` before them */
export function parseLocalOptions(options: Readonly<Record<string, string>>): LocalOptions {
  const unknown = Object.keys(options).find((key) => !KNOWN.has(key));
  if (unknown !== undefined) throw invalid(`invalid option: ${JSON.stringify(unknown.slice(0, 64))}`);
  const { type, device: source, o = "" } = options;
  if (type === "cifs" && /^\/\/[^/]*:\d+(\/|$)/.test(source ?? "")) throw invalid("port not allowed in CIFS device URL, include 'port' in 'o='");
  const limitBytes = options["size"] === undefined ? 0 : parseSize(options["size"]);
  for (const [key, needed] of NEEDS) {
    const missing = options[key] === undefined ? undefined : needed.find((other) => options[other] === undefined);
    if (missing !== undefined) throw invalid(`missing required option: ${JSON.stringify(missing)}`);
  }
  const owner = parseOwner(options);
  if (type === undefined || source === undefined) return { limitBytes, ...owner };
  if (Object.keys(owner).length > 0 && type !== "tmpfs") throw invalid(`uid, gid and mode are for folders and for type "tmpfs": what is mounted has its own`);
  if (limitBytes > 0) throw invalid(`size is for folders: what is mounted has its own, "o=size=${options["size"]}" that of a tmpfs`);
  return { device: { type, source, words: [...o.split(",").filter((word) => word !== ""), ...ownerWords(owner)] }, limitBytes };
}

type Owner = Pick<LocalOptions, "uid" | "gid" | "mode">;

function parseOwner({ uid, gid, mode }: Readonly<Record<string, string>>): Owner {
  const number = (name: string, text: string, pattern: RegExp, radix: number): number => {
    const value = pattern.test(text) ? Number.parseInt(text, radix) : NaN;
    if (!(value <= 0xfffffffe)) throw invalid(`invalid ${name}: ${JSON.stringify(text.slice(0, 64))}`);
    return value;
  };
  return {
    ...(uid !== undefined && { uid: number("uid", uid, /^\d{1,10}$/, 10) }),
    ...(gid !== undefined && { gid: number("gid", gid, /^\d{1,10}$/, 10) }),
    ...(mode !== undefined && { mode: number("mode", mode, /^[0-7]{1,4}$/, 8) }),
  };
}

function ownerWords({ uid, gid, mode }: Owner): string[] {
  return [...(uid === undefined ? [] : [`uid=${uid}`]), ...(gid === undefined ? [] : [`gid=${gid}`]), ...(mode === undefined ? [] : [`mode=${mode.toString(8)}`])];
}

const UNITS = "kmgtp";

/** As go-units reads sizes in memory: 1024 to the unit. */
function parseSize(text: string): number {
  const [, digits = "", unit = ""] = /^(\d+(?:\.\d+)?) ?([kKmMgGtTpP])?(?:[iI]?[bB])?$/.exec(text) ?? [];
  if (digits === "") throw invalid(`invalid size: '${text.slice(0, 64)}'`);
  const bytes = Math.floor(Number(digits) * 1024 ** (unit === "" ? 0 : UNITS.indexOf(unit.toLowerCase()) + 1));
  if (!Number.isSafeInteger(bytes)) throw invalid(`invalid size: '${text.slice(0, 64)}'`);
  return bytes;
}

const invalid = (message: string): EngineError => new EngineError("InvalidParameter", message);
