import type { MountRequest } from "../../spec/mod.ts";
import { parseBytes, ValueError } from "../values.ts";
import { splitPair } from "./key-value.ts";
import { resolveHostPath } from "./volume.ts";

type Setter = (mount: MountRequest, value: string, field: string) => void;

const bind = (mount: MountRequest) => (mount.BindOptions ??= {});
const volume = (mount: MountRequest) => (mount.VolumeOptions ??= { DriverConfig: {} });
const tmpfs = (mount: MountRequest) => (mount.TmpfsOptions ??= {});
const driver = (mount: MountRequest) => (volume(mount).DriverConfig ??= {});

const setters: Readonly<Record<string, Setter>> = {
  type: (mount, value) => (mount.Type = value.toLowerCase()),
  source: (mount, value) => (mount.Source = value),
  target: (mount, value) => (mount.Target = value),
  readonly: (mount, value) => setTrue(mount, "ReadOnly", parseTruth("readonly", value)),
  consistency: (mount, value) => (mount.Consistency = value.toLowerCase()),
  "bind-propagation": (mount, value) => (bind(mount).Propagation = value.toLowerCase()),
  "bind-nonrecursive": (mount, value) => setTrue(bind(mount), "NonRecursive", parseTruth("bind-nonrecursive", value)),
  "bind-create-src": (mount, value) => (bind(mount).CreateMountpoint = parseTruth("bind-create-src", value)),
  "bind-recursive": setRecursive,
  "volume-nocopy": (mount, value) => setTrue(volume(mount), "NoCopy", parseTruth("volume-nocopy", value)),
  "volume-subpath": (mount, value) => (volume(mount).Subpath = value),
  "volume-label": (mount, value) => (volume(mount).Labels = { ...volume(mount).Labels, ...Object.fromEntries([splitPair(value)]) }),
  "volume-driver": (mount, value) => (driver(mount).Name = value),
  "volume-opt": (mount, value) => (driver(mount).Options = { ...driver(mount).Options, ...Object.fromEntries([splitPair(value)]) }),
  "image-subpath": (mount, value) => ((mount.ImageOptions ??= {}).Subpath = value),
  idmap: (mount, value) => (mount.IDMap = [...(mount.IDMap ?? []), value]),
  "tmpfs-size": (mount, value) => (tmpfs(mount).SizeBytes = parseSize(value)),
  "tmpfs-mode": (mount, value) => (tmpfs(mount).Mode = parseMode(value)),
};
const SHORT: Readonly<Record<string, string>> = { src: "source", dst: "target", destination: "target", ro: "readonly" };
/** Keys that may stand without a value. */
const BARE = new Set(["readonly", "volume-nocopy", "bind-nonrecursive", "bind-create-src"]);

/** `--mount type=bind,source=/a,target=/b,…` with docker's messages. */
export function parseMount(text: string): MountRequest {
  const mount: MountRequest = { Type: "volume" };
  for (const field of parseCsv(text)) {
    const equals = field.indexOf("=");
    const written = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
    const key = SHORT[written] ?? written;
    if (equals < 0 && !BARE.has(key)) throw new ValueError(`invalid field '${field}' must be a key=value pair`);
    const setter = Object.hasOwn(setters, key) ? setters[key] : undefined;
    if (!setter) throw new ValueError(`unexpected key '${written}' in '${field}'`);
    setter(mount, equals < 0 ? "true" : field.slice(equals + 1), field);
  }
  if (!mount.Type) throw new ValueError("type is required");
  if (!mount.Target) throw new ValueError("target is required");
  checkFamilies(mount);
  if (mount.Type === "bind" && mount.Source) mount.Source = resolveHostPath(mount.Source);
  return mount;
}

function checkFamilies(mount: MountRequest): void {
  const mix = (family: string) => new ValueError(`cannot mix '${family}-*' options with mount type '${mount.Type}'`);
  if (mount.VolumeOptions && mount.Type !== "volume") throw mix("volume");
  if (mount.BindOptions && mount.Type !== "bind") throw mix("bind");
  if (mount.ImageOptions && mount.Type !== "image") throw mix("image");
  if (mount.TmpfsOptions && mount.Type !== "tmpfs") throw mix("tmpfs");
  if (mount.BindOptions?.ReadOnlyNonRecursive && !mount.ReadOnly) throw new ValueError("option 'bind-recursive=writable' requires 'readonly' to be specified in conjunction");
  if (mount.BindOptions?.ReadOnlyForceRecursive) {
    if (!mount.ReadOnly) throw new ValueError("option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction");
    if (mount.BindOptions.Propagation !== "rprivate") throw new ValueError("option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction");
  }
}

/** Docker leaves out what is false. */
function setTrue<K extends string>(target: { [key in K]?: boolean }, key: K, value: boolean): void {
  if (value) target[key] = true;
  else delete target[key];
}

function setRecursive(mount: MountRequest, value: string): void {
  switch (value) {
    case "enabled":
      return;
    case "disabled":
      bind(mount).NonRecursive = true;
      return;
    case "writable":
      bind(mount).ReadOnlyNonRecursive = true;
      return;
    case "readonly":
      bind(mount).ReadOnlyForceRecursive = true;
      return;
    default:
      throw new ValueError(`invalid value for bind-recursive: ${value} (must be "enabled", "disabled", "writable", or "readonly")`);
  }
}

function parseTruth(key: string, value: string): boolean {
  if (["1", "true"].includes(value.toLowerCase())) return true;
  if (["0", "false"].includes(value.toLowerCase())) return false;
  throw new ValueError(`invalid value for ${key}: ${value}`);
}

function parseSize(value: string): number {
  try {
    return parseBytes(value);
  } catch {
    throw new ValueError(`invalid value for tmpfs-size: ${value}`);
  }
}

function parseMode(value: string): number {
  if (!/^[0-7]+$/.test(value)) throw new ValueError(`invalid value for tmpfs-mode: ${value}`);
  return Number.parseInt(value, 8);
}

/** One CSV record (RFC 4180): a field in quotes may hold commas and doubled quotes. */
export function parseCsv(text: string): string[] {
  if (text === "") throw new ValueError("EOF");
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^,"]*))(,|$)/y;
  for (;;) {
    const from = field.lastIndex;
    const match = field.exec(text);
    if (!match) throw new ValueError(`parse error on line 1, column ${text.indexOf('"', from) + 1}: bare " in non-quoted-field`);
    fields.push(match[1] === undefined ? (match[2] ?? "") : match[1].replaceAll('""', '"'));
    if (match[3] === "") return fields;
  }
}
