import { call, tryCall } from "./call.ts";
import { SyscallError } from "./errno.ts";
import { addressBytes } from "./ip-address.ts";
import { NetlinkWriter, NLM_F, NLMSG, splitMessages } from "./netlink-message.ts";
import { AF, SOCK } from "./sockets.ts";

const NETLINK_NETFILTER = 12;
const CT_DELETE = (1 << 8) | 2;
const CTA = { TUPLE_ORIG: 1, TUPLE_REPLY: 2, FILTER: 25 } as const;
const TUPLE = { IP: 1, PROTO: 2 } as const;
const PROTO = { NUM: 1, SRC_PORT: 2, DST_PORT: 3 } as const;
const FILTER_FLAGS = { [CTA.TUPLE_ORIG]: 1, [CTA.TUPLE_REPLY]: 2 } as const;
const FLAG = { IP_SRC: 1, PROTO_NUM: 8, SRC_PORT: 16, DST_PORT: 32 } as const;
const NESTED = 0x8000;
const IPPROTO_UDP = 17;
const MSG_DONTWAIT = 0x40;

/**
 * UDP flows that the kernel remembers by what they were when their first packet came: begun before a port was published they
 * pass it by, and after its end they go on to an address that may be another's. One walk in the kernel per call.
 * A kernel that cannot choose among flows (before 5.8) keeps them until they have been silent for a while.
 */
export class FlowTable implements Disposable {
  readonly #socket: number;
  readonly #answer = new Uint8Array(4096);

  constructor() {
    this.#socket = call("socket", AF.NETLINK, SOCK.RAW | SOCK.CLOEXEC, NETLINK_NETFILTER);
  }

  [Symbol.dispose](): void {
    tryCall("close", this.#socket);
  }

  /** Flows that somebody began with this port of the host. */
  forgetTo(family: 4 | 6, port: number): void {
    this.#forget(family, CTA.TUPLE_ORIG, FLAG.DST_PORT, (message) => message.attribute(PROTO.DST_PORT, portBytes(port)));
  }

  /** Flows that a container's port answers. */
  forgetFrom(address: string, port: number): void {
    const bytes = addressBytes(address);
    this.#forget(bytes.length === 4 ? 4 : 6, CTA.TUPLE_REPLY, FLAG.SRC_PORT, (message) => message.attribute(PROTO.SRC_PORT, portBytes(port)), bytes);
  }

  #forget(family: 4 | 6, tuple: typeof CTA.TUPLE_ORIG | typeof CTA.TUPLE_REPLY, flag: number, writePort: (message: NetlinkWriter) => void, source?: Uint8Array): void {
    const message = new NetlinkWriter();
    message.begin(CT_DELETE, NLM_F.ACK, 1);
    message.raw([family === 4 ? AF.INET : AF.INET6, 0, 0, 0]);
    message.nested(tuple | NESTED, () => {
      if (source) message.nested(TUPLE.IP | NESTED, () => message.attribute(family === 4 ? 1 : 3, source));
      message.nested(TUPLE.PROTO | NESTED, () => {
        message.attribute(PROTO.NUM, [IPPROTO_UDP]);
        writePort(message);
      });
    });
    message.nested(CTA.FILTER | NESTED, () => void message.u32(FILTER_FLAGS[tuple], FLAG.PROTO_NUM | flag | (source ? FLAG.IP_SRC : 0)));
    message.end();
    const bytes = message.finish();
    call("sendto", this.#socket, bytes, bytes.length, 0, null, 0);
    this.#takeAnswers();
  }

  /** The kernel has answered when the sending returns. */
  #takeAnswers(): void {
    for (;;) {
      const length = tryCall("recvfrom", this.#socket, this.#answer, this.#answer.length, MSG_DONTWAIT, null, null);
      if (length < 0) return;
      for (const { type, body } of splitMessages(this.#answer.slice(0, length))) {
        const error = type === NLMSG.ERROR ? new SyscallError("forget flows", -body.readInt32LE(0)) : undefined;
        if (error && error.errno !== 0 && !["ENOENT", "EINVAL", "EOPNOTSUPP"].includes(error.code)) throw error;
      }
    }
  }
}

function portBytes(port: number): Uint8Array {
  return Uint8Array.of(port >> 8, port & 0xff);
}
