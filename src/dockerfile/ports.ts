import { isIP } from "node:net";
import { InstructionError } from "./instruction-error.ts";
import { quoted } from "./text.ts";

/** A word of EXPOSE: `80`, `8000-8010/udp`, and what should not be there but is taken, `127.0.0.1:80:8080/tcp`. */
export interface ExposedPort {
  readonly first: number;
  readonly last: number;
  /** The protocol as written; checks want it in lower case. */
  readonly protocol: string;
  /** An address or a port of the host was given, which EXPOSE ignores. */
  readonly mapped: boolean;
}

const PROTOCOLS = ["tcp", "udp", "sctp"];

/** @throws InstructionError in Docker's words */
export function parseExposedPort(word: string): ExposedPort {
  const parts = word.split(":");
  const container = parts.at(-1) ?? "";
  const host = parts.at(-2) ?? "";
  const address = parts.slice(0, -2).join(":");
  const slash = container.indexOf("/");
  const port = slash < 0 ? container : container.slice(0, slash);
  const protocol = slash < 0 ? "" : container.slice(slash + 1);
  if (port === "") throw new InstructionError(`invalid port: ${quoted(word)}: no port specified`);
  if (protocol !== "" && !PROTOCOLS.includes(protocol.toLowerCase())) throw new InstructionError(`invalid port: ${quoted(word)}: invalid proto: ${protocol}`);
  checkAddress(address);
  const range = portRange(port);
  if (range === undefined) throw new InstructionError(`invalid containerPort: ${port}`);
  checkHostPort(host, port, range);
  const [first, last] = range;
  return { first, last, protocol: protocol || "tcp", mapped: address !== "" || host !== "" };
}

/** `80/tcp`, one of each number, as an image's config has them. @throws InstructionError in Docker's words */
export function exposedPorts(words: readonly string[]): string[] {
  return words.flatMap((word) => {
    const { first, last, protocol } = parseExposedPort(word);
    return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol.toLowerCase()}`);
  });
}

function checkAddress(address: string): void {
  const bare = address.startsWith("[") && address.endsWith("]") ? address.slice(1, -1) : address;
  if (address !== "" && isIP(bare.replace(/%.*$/, "")) === 0) throw new InstructionError(`invalid IP address: ${bare}`);
}

function checkHostPort(host: string, port: string, [first, last]: readonly [number, number]): void {
  if (host === "") return;
  const range = portRange(host);
  if (range === undefined) throw new InstructionError(`invalid hostPort: ${host}`);
  if (last !== first && range[1] - range[0] !== last - first) throw new InstructionError(`invalid ranges specified for container and host Ports: ${port} and ${host}`);
}

function portRange(text: string): readonly [number, number] | undefined {
  const [, from = "", to = from] = /^\+?([0-9]{1,9})(?:-\+?([0-9]{1,9}))?$/.exec(text) ?? [];
  const [first, last] = [Number(from), Number(to)];
  return from === "" || first > 65535 || last > 65535 || last < first ? undefined : [first, last];
}
