import type { FdSocketOptions, Socket, UnixSocketOptions } from "bun";
import type { SshEndpoint } from "../endpoint.ts";
import { ConnectError } from "../mod.ts";
import type { Handlers } from "../open-socket.ts";

const CONNECT_SECONDS = 30;
const STREAM_FD = 3;
const MAX_STDERR_BYTES = 8192;

/**
 * Speaks to an engine of another machine through `ssh HOST hako system dial-stdio`, so that keys, agents, jump hosts and
 * ~/.ssh/config are ssh's own affair. Its standard input and output are one socket pair, so that this side is a socket like
 * any other, with back-pressure and half-close.
 */
export async function openSsh(endpoint: SshEndpoint, handlers: Handlers): Promise<Socket<undefined>> {
  const command = sshCommand(endpoint);
  const child = Bun.spawn(["sh", "-c", `exec "$@" <&${STREAM_FD} >&${STREAM_FD} ${STREAM_FD}>&-`, "sh", ...command], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  child.unref();
  const fd = child.stdio[STREAM_FD];
  if (typeof fd !== "number") throw new Error("the runtime gave no socket for ssh");
  let heard = false;
  // Nothing heard means that ssh or the program over there has failed, and its words say why.
  const socket: Handlers = {
    ...handlers,
    data(own, chunk) {
      heard = true;
      handlers.data?.(own, chunk);
    },
    close(own, error) {
      if (heard) return handlers.close?.(own, error);
      void failureOf(child, command).then((failure) => handlers.error?.(own, failure));
    },
    end(own) {
      if (heard) handlers.end?.(own);
      else own.end();
    },
  };
  const options: FdSocketOptions<undefined> = { fd, allowHalfOpen: true, socket };
  // Its types list only listeners' options and paths; the descriptor form is there at run time.
  return Bun.connect<undefined>(options as unknown as UnixSocketOptions<undefined>);
}

/** `-T`: no terminal; `--` keeps a name from being read as an option. */
function sshCommand({ user, hostname, port, path }: SshEndpoint): string[] {
  return ["ssh", ...(user ? ["-l", user] : []), ...(port ? ["-p", String(port)] : []), "-o", `ConnectTimeout=${CONNECT_SECONDS}`, "-T", "--", hostname, remoteCommand(path)];
}

/** A machine that has only docker is served by docker's command of the same name. */
function remoteCommand(path: string | undefined): string {
  const host = path === undefined ? "" : ` --host=${quoted(`unix://${path}`)}`;
  const script = `command -v hako >/dev/null 2>&1 && exec hako${host} system dial-stdio; exec docker${host} system dial-stdio`;
  return `sh -c ${quoted(script)}`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

interface Child {
  readonly stderr: unknown;
  readonly exited: Promise<number>;
}

async function failureOf(child: Child, command: readonly string[]): Promise<ConnectError> {
  const [code, text] = await Promise.all([child.exited, child.stderr instanceof ReadableStream ? new Response(child.stderr as ReadableStream<Uint8Array>).text() : ""]);
  return new ConnectError(
    `error during connect: command [${command.join(" ")}] has exited with exit status ${code}, make sure the URL is valid, and that hako or Docker 18.09 or later is installed on the remote host: stderr=${text.slice(0, MAX_STDERR_BYTES)}`,
    "ESSH",
  );
}
