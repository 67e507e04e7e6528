import { containerLogs, createExec, FrameReader, inspectExec, startExec, type Client } from "../../client/mod.ts";
import { ComposeError } from "../errors.ts";
import type { Project } from "../model/project.ts";
import type { DownOptions } from "../run/down.ts";
import { observeContainers, type ObservedContainer } from "../run/observe.ts";

/** Where something listens, as this machine reaches it. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Both outputs of a container, as text. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** A project that is up. As `await using` it is taken down, with its volumes, at the end of the block. */
export class RunningProject implements AsyncDisposable {
  readonly #takeDown: (options: DownOptions) => Promise<void>;
  readonly #client: Client;
  #isDown = false;

  constructor(
    readonly project: Project,
    readonly services: ReadonlyMap<string, RunningService>,
    { client, takeDown }: { readonly client: Client; readonly takeDown: (options: DownOptions) => Promise<void> },
  ) {
    this.#client = client;
    this.#takeDown = takeDown;
  }

  get name(): string {
    return this.project.name;
  }

  /** @throws ComposeError when the project has no such service */
  service(name: string): RunningService {
    const found = this.services.get(name);
    if (!found) throw new ComposeError(`no such service: ${name}`);
    return found;
  }

  /** Where a published port of a service is reached. @throws ComposeError when it is not published */
  address(service: string, port: number, protocol: "tcp" | "udp" = "tcp"): Address {
    return this.service(service).address(port, protocol);
  }

  /** Stops and removes everything of it; volumes stay unless it is said otherwise. */
  async down(options: DownOptions = {}): Promise<void> {
    this.#isDown = true;
    await this.#takeDown(options);
    this.#client.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isDown) await this.down({ removeVolumes: true, removeOrphans: true, timeoutSeconds: 1 });
  }
}

/** The containers of one service. */
export class RunningService {
  readonly #client: Client;
  readonly #hasTerminal: boolean;

  constructor(
    readonly name: string,
    /** By number. */
    readonly containers: readonly ObservedContainer[],
    { client, hasTerminal }: { readonly client: Client; readonly hasTerminal: boolean },
  ) {
    this.#client = client;
    this.#hasTerminal = hasTerminal;
  }

  /** @throws ComposeError when the port is not published */
  address(port: number, protocol: "tcp" | "udp" = "tcp"): Address {
    const published = this.#first().ports.find(({ PrivatePort, PublicPort, Type }) => PrivatePort === port && Type === protocol && PublicPort !== undefined);
    if (published?.PublicPort === undefined) throw new ComposeError(`${this.name} does not publish port ${port}/${protocol}`, { path: `services.${this.name}.ports`, fix: `add "${port}"` });
    const { endpoint } = this.#client;
    const anywhere = published.IP === undefined || published.IP === "0.0.0.0" || published.IP === "::" || published.IP === "";
    return { host: anywhere ? (endpoint.kind === "unix" ? "127.0.0.1" : endpoint.hostname) : (published.IP ?? ""), port: published.PublicPort };
  }

  /** Runs a command in the service's first container, and waits for its end. */
  async exec(command: readonly string[], { user, environment = {} }: { readonly user?: string; readonly environment?: Readonly<Record<string, string>> } = {}): Promise<ExecResult> {
    const { Id } = await createExec(this.#client, this.#first().id, { AttachStdout: true, AttachStderr: true, Cmd: [...command], Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`), ...(user !== undefined && { User: user }) });
    const { connection } = await startExec(this.#client, Id, {});
    const gathered = new Gathered();
    try {
      for (let chunk = await connection.read(); chunk; chunk = await connection.read()) gathered.push(chunk);
    } finally {
      connection.close();
    }
    const { ExitCode } = await inspectExec(this.#client, Id);
    return { exitCode: ExitCode ?? 0, ...gathered.output };
  }

  /** What its first container has written so far; of one with a terminal, all of it as `stdout`. */
  async logs(): Promise<Output> {
    const gathered = new Gathered(this.#hasTerminal);
    const { body } = await containerLogs(this.#client, this.#first().id, {});
    for await (const chunk of body) gathered.push(chunk);
    return gathered.output;
  }

  #first(): ObservedContainer {
    const [first] = this.containers;
    if (!first) throw new ComposeError(`${this.name} has no container`, { path: `services.${this.name}`, fix: "its scale is 0" });
    return first;
  }
}

const STDERR = 2;

/** Two outputs on one connection, taken apart; those of a terminal are one. */
class Gathered {
  readonly #frames = new FrameReader();
  readonly #decoders = { out: new TextDecoder(), err: new TextDecoder() };
  #stdout = "";
  #stderr = "";

  constructor(readonly isRaw = false) {}

  push(chunk: Uint8Array): void {
    if (this.isRaw) {
      this.#stdout += this.#decoders.out.decode(chunk, { stream: true });
      return;
    }
    for (const { stream, payload } of this.#frames.push(chunk)) {
      if (stream === STDERR) this.#stderr += this.#decoders.err.decode(payload, { stream: true });
      else this.#stdout += this.#decoders.out.decode(payload, { stream: true });
    }
  }

  get output(): Output {
    return { stdout: this.#stdout, stderr: this.#stderr };
  }
}

/** What runs of a project now. */
export async function runningServices(client: Client, project: Project): Promise<ReadonlyMap<string, RunningService>> {
  const containers = (await observeContainers(client, project.name)).filter(({ oneOff }) => !oneOff);
  return new Map(Object.values(project.services).map(({ name, tty = false }) => [name, new RunningService(name, containers.filter(({ service }) => service === name), { client, hasTerminal: tty })]));
}
