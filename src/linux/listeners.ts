import { addressText } from "./ip-address.ts";
import { readSmallText } from "./proc.ts";

export interface Listener {
  readonly protocol: "tcp" | "udp";
  readonly address: string;
  readonly port: number;
}

const FILES = [["tcp", "tcp", "0A"], ["tcp", "tcp6", "0A"], ["udp", "udp", "07"], ["udp", "udp6", "07"]] as const;

/** What listens in the network namespace of a process; undefined when the process has gone. */
export function listeners(pid: number): Listener[] | undefined {
  if (readSmallText(`/proc/${pid}/net/tcp`) === undefined) return undefined;
  return FILES.flatMap(([protocol, file, state]) =>
    (readSmallText(`/proc/${pid}/net/${file}`) ?? "").split("\n").slice(1).flatMap((line) => {
      const [, local = "", , itsState] = line.trim().split(/\s+/);
      const [address = "", port = ""] = local.split(":");
      return itsState === state ? [{ protocol, address: addressText(addressOf(address)), port: Number.parseInt(port, 16) }] : [];
    }),
  );
}

/** Words in the machine's order, each as digits of a number. */
function addressOf(digits: string): Uint8Array {
  return Uint8Array.from((digits.match(/.{8}/g) ?? []).flatMap((word) => [6, 4, 2, 0].map((at) => Number.parseInt(word.slice(at, at + 2), 16))));
}
