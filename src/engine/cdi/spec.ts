import { EngineError } from "../../base/mod.ts";

/** What a device changes of a container (Container Device Interface, SPEC.md, `containerEdits`). */
export interface ContainerEdits {
  readonly env: readonly string[];
  readonly deviceNodes: readonly { readonly path: string; readonly hostPath: string; readonly permissions: string; readonly fileMode?: number; readonly uid?: number; readonly gid?: number }[];
  readonly mounts: readonly { readonly hostPath: string; readonly containerPath: string; readonly type: string; readonly options: readonly string[] }[];
  readonly additionalGids: readonly number[];
  /** Names of what is asked for that the engine does not do. */
  readonly unsupported: readonly string[];
}

export interface DeviceSpec {
  /** `vendor.com/class` */
  readonly kind: string;
  /** Of every device of the file. */
  readonly edits: ContainerEdits;
  readonly devices: ReadonlyMap<string, ContainerEdits>;
}

const NAME = /^[A-Za-z0-9](?:[\w.:-]*[A-Za-z0-9])?$/;
const KIND = /^[A-Za-z](?:[\w.-]*[A-Za-z0-9])?\/[A-Za-z](?:[\w.-]*[A-Za-z0-9])?$/;
const UNSUPPORTED = ["hooks", "intelRdt", "netDevices"];

type Fields = Readonly<Record<string, unknown>>;

/** @throws EngineError InvalidParameter, when it is not what the specification says */
export function parseDeviceSpec(value: unknown): DeviceSpec {
  const fields = fieldsOf(value, "the file");
  if (!/^[01]\.\d{1,3}\.\d{1,3}$/.test(textOf(fields, "cdiVersion"))) throw invalid("cdiVersion is missing or unknown");
  const kind = textOf(fields, "kind");
  if (!KIND.test(kind)) throw invalid(`kind ${JSON.stringify(kind)} is not vendor/class`);
  const devices = listOf(fields, "devices").map((device): [string, ContainerEdits] => {
    const of = fieldsOf(device, "a device");
    const name = textOf(of, "name");
    if (!NAME.test(name)) throw invalid(`device name ${JSON.stringify(name.slice(0, 64))} is invalid`);
    return [name, editsOf(of["containerEdits"])];
  });
  if (devices.length === 0) throw invalid("it has no devices");
  if (new Set(devices.map(([name]) => name)).size < devices.length) throw invalid("two devices have one name");
  return { kind, edits: editsOf(fields["containerEdits"]), devices: new Map(devices) };
}

function editsOf(value: unknown): ContainerEdits {
  const fields = value === undefined || value === null ? {} : fieldsOf(value, "containerEdits");
  return {
    env: stringsOf(fields, "env").map((entry) => (/^[^=\0]+=[^\0]*$/.test(entry) ? entry : fail(`environment variable ${JSON.stringify(entry.slice(0, 64))} is invalid`))),
    deviceNodes: listOf(fields, "deviceNodes").map((node) => deviceNode(fieldsOf(node, "a device node"))),
    mounts: listOf(fields, "mounts").map((mount) => mountOf(fieldsOf(mount, "a mount"))),
    additionalGids: listOf(fields, "additionalGids").map((gid) => idOf(gid, "additionalGids")).filter((gid) => gid !== 0),
    unsupported: UNSUPPORTED.filter((name) => fields[name] !== undefined && fields[name] !== null),
  };
}

function deviceNode(fields: Fields): ContainerEdits["deviceNodes"][number] {
  const path = absolute(fields, "path");
  const permissions = textOf(fields, "permissions") || "rwm";
  if (!/^[rwm]{1,3}$/.test(permissions)) throw invalid(`permissions ${JSON.stringify(permissions.slice(0, 16))} are invalid`);
  const number = (name: "fileMode" | "uid" | "gid"): object => (fields[name] === undefined || fields[name] === null ? {} : { [name]: idOf(fields[name], name) });
  return { path, hostPath: fields["hostPath"] ? absolute(fields, "hostPath") : path, permissions, ...number("fileMode"), ...number("uid"), ...number("gid") };
}

function mountOf(fields: Fields): ContainerEdits["mounts"][number] {
  const options = stringsOf(fields, "options");
  const type = textOf(fields, "type") || "bind";
  return { hostPath: type === "bind" ? absolute(fields, "hostPath") : textOf(fields, "hostPath"), containerPath: absolute(fields, "containerPath"), type, options: type === "bind" && !options.some((option) => option === "bind" || option === "rbind") ? ["rbind", ...options] : options };
}

const invalid = (reason: string): EngineError => new EngineError("InvalidParameter", reason);
const fail = (reason: string): never => {
  throw invalid(reason);
};

function fieldsOf(value: unknown, what: string): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : fail(`${what} is not a mapping`);
}

function textOf(fields: Fields, name: string): string {
  const value = fields[name] ?? "";
  return typeof value === "string" && !value.includes("\0") ? value : fail(`${name} is not a string`);
}

function absolute(fields: Fields, name: string): string {
  const path = textOf(fields, name);
  return path.startsWith("/") ? path : fail(`${name} is not an absolute path`);
}

function listOf(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name] ?? [];
  return Array.isArray(value) ? (value as unknown[]) : fail(`${name} is not a list`);
}

function stringsOf(fields: Fields, name: string): string[] {
  return listOf(fields, name).map((item) => (typeof item === "string" ? item : fail(`${name} is not a list of strings`)));
}

function idOf(value: unknown, name: string): number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32 ? value : fail(`${name} is not a number of the kernel's`);
}
