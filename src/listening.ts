import { createPrivateKey, X509Certificate } from "node:crypto";
import { chownSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseListenAddress, type ApiServer, type ListenAddress, type TlsIdentity } from "./api/mod.ts";
import { EngineError, messageOf } from "./base/mod.ts";
import type { Configuration, Values } from "./configuration/mod.ts";
import { AF, keepFromChildren, socketFamily } from "./linux/mod.ts";
import type { OperatorLog } from "./operator-log.ts";

const SOCKET_GROUP = "docker";
/** sd_listen_fds(3): handed-over sockets begin here. */
const FIRST_HANDED_FD = 3;

export interface Listening {
  readonly configuration: Pick<Configuration, "values" | "where">;
  /** Where the engine listens when nothing was said. */
  readonly defaultSocket: string;
  /** `~/.docker`: certificates that are not named. */
  readonly certificateFolder: string;
  /** How many sockets a service manager has handed over. */
  readonly handedSockets: number;
}

/** Everything that is checked before the first address is opened: what is wrong leaves no half of an engine listening. */
export function planListening({ configuration: { values, where }, defaultSocket, certificateFolder, handedSockets }: Listening, log: OperatorLog): (server: ApiServer) => Promise<void> {
  const tls = usesTls(values) ? readIdentity({ values, where }, certificateFolder, log) : undefined;
  const hosts = (values.hosts?.length ? values.hosts : ["unix://"]).map((host) => (host === "unix://" ? `unix://${defaultSocket}` : host));
  const group = groupId(values.group ?? SOCKET_GROUP);
  if (group === undefined && values.group !== undefined && values.group !== "") throw new EngineError("InvalidParameter", `${where("group")}: group ${values.group} not found: the unix socket cannot be given to it`);
  const addresses = hosts.flatMap((host) => addressesOf(host, tls !== undefined, handedSockets));
  for (const address of addresses) requireMeant(address, values, tls, log);
  return async (server) => {
    for (const address of addresses) log(`API listen on ${await listen(server, address, isTcp(address) ? tls : undefined, group)}`);
  };
}

/** `tlsverify` turns TLS on whatever its value, as dockerd has it. */
function usesTls({ tls, tlsverify }: Values): boolean {
  if (tls === false && tlsverify === true) throw new EngineError("InvalidParameter", "tlsverify is on and tls is off: clients are known by their certificates only with TLS");
  return tls ?? tlsverify !== undefined;
}

function readIdentity({ values, where }: Listening["configuration"], folder: string, log: OperatorLog): TlsIdentity {
  const path = (given: string | undefined, name: string): string => (given === undefined || given === "" ? join(folder, name) : given);
  const certPath = path(values.tlscert, "cert.pem");
  const keyPath = path(values.tlskey, "key.pem");
  const cert = readPem(certPath, "TLS certificate", where("tlscert"));
  const key = readPem(keyPath, "TLS key", where("tlskey"));
  const parsed = parsePem(certPath, "TLS certificate", where("tlscert"), () => new X509Certificate(cert));
  const privateKey = parsePem(keyPath, "TLS key", where("tlskey"), () => createPrivateKey(key));
  if (!parsed.checkPrivateKey(privateKey)) throw new EngineError("InvalidParameter", `${where("tlskey")}: invalid TLS configuration: the key ${keyPath} is not that of the certificate ${certPath}`);
  if (Date.parse(parsed.validTo) < Date.now()) log(`the TLS certificate ${certPath} has expired (${parsed.validTo}): clients will refuse it`, "warn");
  if (!values.tlsverify) return { cert, key, ca: undefined };
  const caPath = path(values.tlscacert, "ca.pem");
  const ca = readPem(caPath, "CA certificate", where("tlscacert"));
  parsePem(caPath, "CA certificate", where("tlscacert"), () => new X509Certificate(ca));
  return { cert, key, ca };
}

function readPem(path: string, what: string, where: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new EngineError("InvalidParameter", `${where}: invalid TLS configuration: could not read the ${what} ${path}: ${messageOf(error)}`);
  }
}

function parsePem<T>(path: string, what: string, where: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new EngineError("InvalidParameter", `${where}: invalid TLS configuration: ${path} holds no ${what} in PEM form: ${messageOf(error)}`);
  }
}

function addressesOf(host: string, tls: boolean, handedSockets: number): ListenAddress[] {
  if (!host.startsWith("fd://")) return [parseListenAddress(host, tls)];
  const handed = Array.from({ length: handedSockets }, (_, index) => ({ fd: FIRST_HANDED_FD + index }));
  if (handed.length === 0) throw new EngineError("InvalidParameter", "no sockets found via socket activation: make sure the service was started by systemd");
  for (const { fd } of handed) keepFromChildren(fd);
  const number = host.slice("fd://".length).replace(/^\*$/, "");
  if (number === "") return handed;
  const one = handed.find(({ fd }) => String(fd) === number);
  if (!one) throw new EngineError("InvalidParameter", `no systemd activated socket with descriptor ${number}: there are ${handed.map(({ fd }) => fd).join(", ")}`);
  return [one];
}

const isTcp = (address: ListenAddress): boolean => ("fd" in address ? socketFamily(address.fd) !== AF.UNIX : "port" in address);

const isLoopback = (address: ListenAddress): boolean => "host" in address && (address.host === "localhost" || address.host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(address.host));

function nameOf(address: ListenAddress): string {
  if ("fd" in address) return `fd://${address.fd}`;
  return "host" in address ? `tcp://${address.host}:${address.port}` : `unix://${address.path}`;
}

/** Who reaches the API is root on this machine: an open address must be meant. @throws EngineError Forbidden */
function requireMeant(address: ListenAddress, values: Values, tls: TlsIdentity | undefined, log: OperatorLog): void {
  if (!isTcp(address) || tls?.ca !== undefined) return;
  const name = nameOf(address);
  const meant = values.tls === false || values.tlsverify !== undefined;
  if (!meant && !isLoopback(address))
    throw new EngineError("Forbidden", `refusing to listen on ${name} without --tlsverify: everyone who reaches it would be root on this machine. Give certificates with --tlsverify, or, if it is meant, --tls=false (--tlsverify=false with --tls)`);
  log(`Binding to IP address without --tlsverify is insecure and gives root access on this machine to everyone who has access to ${isLoopback(address) ? "it, scripts in a browser too" : "your network"} (${name})`, "warn");
}

async function listen(server: ApiServer, address: ListenAddress, tls: TlsIdentity | undefined, group: number | undefined): Promise<string> {
  const { port } = await server.listen(address, tls).catch((error: unknown) => {
    throw error instanceof EngineError ? error : new EngineError("System", `cannot listen on ${nameOf(address)}: ${messageOf(error)}`, { cause: error });
  });
  if ("fd" in address) return `fd://${address.fd}`;
  if ("host" in address) return `${address.host}:${port ?? address.port}`;
  if (group !== undefined) chownSync(address.path, 0, group);
  return address.path;
}

function groupId(name: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name);
  const line = existsSync("/etc/group") ? readFileSync("/etc/group", "utf8").split("\n").find((text) => text.startsWith(`${name}:`)) : undefined;
  const id = Number(line?.split(":")[2]);
  return Number.isInteger(id) ? id : undefined;
}
