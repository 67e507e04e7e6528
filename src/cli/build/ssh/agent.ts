import { EngineError, type ByteDuplex } from "../../../base/mod.ts";
import { Client, duplexOf } from "../../../client/mod.ts";
import type { AgentKey } from "./agent-key.ts";
import { WireReader, wireNumber, wireString } from "./wire.ts";

/** Answers what is asked of an ssh agent on one connection, one message after the other (draft-ietf-sshm-ssh-agent). */
export interface AgentConnection {
  answer(message: Uint8Array): Promise<Uint8Array>;
  close(): void;
}

/** What `--ssh` lends to steps. */
export interface SshAgent {
  connect(): Promise<AgentConnection>;
}

/** OpenSSH's. */
const MAX_MESSAGE_BYTES = 256 * 1024;
const LENGTH_BYTES = 4;
const ASK = { identities: 11, sign: 13, extension: 27 } as const;
const ANSWER = { failure: 5, identities: 12, signature: 14 } as const;
/** What a connection is for, which some agents want to know before they sign. */
const EXTENSIONS: ReadonlySet<string> = new Set(["session-bind@openssh.com", "query"]);
const FAILURE = Buffer.of(ANSWER.failure);

/** An agent of these keys, which sign and do nothing else. */
export function agentOfKeys(keys: readonly AgentKey[]): SshAgent {
  const answer = async (message: Uint8Array): Promise<Uint8Array> => {
    if (message[0] === ASK.identities) return Buffer.concat([Buffer.of(ANSWER.identities), wireNumber(keys.length), ...keys.flatMap(({ blob }) => [wireString(blob), wireString("")])]);
    if (message[0] !== ASK.sign) return FAILURE;
    const request = new WireReader(message.subarray(1));
    const [blob, data, flags] = [request.string(), request.string(), request.uint32()];
    const key = keys.find((each) => each.blob.equals(blob));
    return key ? Buffer.concat([Buffer.of(ANSWER.signature), wireString(key.sign(data, flags))]) : FAILURE;
  };
  return { connect: async () => ({ answer, close: () => undefined }) };
}

/** The agent at a socket, as far as steps may have it: they cannot add, remove or lock keys there. */
export function agentAt(path: string): SshAgent {
  return {
    connect: async () => {
      const agent = duplexOf(await new Client({ kind: "unix", path }).connect());
      const answers = messagesOf(agent.input);
      return {
        answer: async (message) => {
          if (!isHarmless(message)) return FAILURE;
          await agent.write(wireString(message));
          const { value } = await answers.next();
          if (!value) throw new EngineError("Unavailable", "the ssh agent has closed the connection");
          return value;
        },
        close: () => agent.end(),
      };
    },
  };
}

function isHarmless(message: Uint8Array): boolean {
  if (message[0] === ASK.extension) return EXTENSIONS.has(new WireReader(message.subarray(1)).text());
  return message[0] === ASK.identities || message[0] === ASK.sign;
}

/** Lends the agent to whoever is at the other end, until they have gone. @throws for what is no message of an agent's protocol */
export async function lendAgent(agent: SshAgent, stream: Pick<ByteDuplex, "input" | "write" | "end">): Promise<void> {
  const connection = await agent.connect();
  try {
    for await (const message of messagesOf(stream.input)) await stream.write(wireString(await connection.answer(message)));
    stream.end();
  } finally {
    connection.close();
  }
}

async function* messagesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  let held: Buffer = Buffer.alloc(0);
  for await (const bytes of input) {
    held = Buffer.concat([held, bytes]);
    for (;;) {
      if (held.length < LENGTH_BYTES) break;
      const length = held.readUInt32BE();
      if (length === 0 || length > MAX_MESSAGE_BYTES) throw new EngineError("InvalidParameter", "what is sent to the ssh agent is no message of its protocol");
      if (held.length < LENGTH_BYTES + length) break;
      yield held.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
      held = held.subarray(LENGTH_BYTES + length);
    }
  }
}
