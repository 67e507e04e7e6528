import type { Credentials } from "./credentials.ts";
import { Failure } from "../failure.ts";

/** A helper that answers more than that is broken. */
const MAX_ANSWER_BYTES = 1 << 20;
const NOT_FOUND = "credentials not found in native keychain";
/** In place of a name: the secret is an identity token. */
const TOKEN_USER = "<token>";

/**
 * A program `docker-credential-NAME` that keeps secrets: it is told what to do by its argument, reads from standard input and
 * writes JSON or its failure to standard output (docker/docker-credential-helpers, protocol).
 */
export class CredentialHelper {
  readonly #program: string;

  constructor(name: string) {
    this.#program = `docker-credential-${name}`;
  }

  /** @returns undefined when it has none @throws Failure */
  async get(server: string): Promise<Credentials | undefined> {
    const { code, text, reason } = await this.#run("get", server);
    if (code !== 0 && text.trim() === NOT_FOUND) return undefined;
    if (code !== 0) throw new Failure(`error getting credentials - err: ${reason}, out: \`${text.trim()}\``);
    let answer: { Username?: unknown; Secret?: unknown };
    try {
      answer = Object(JSON.parse(text)) as typeof answer;
    } catch {
      throw new Failure(`error getting credentials - err: ${this.#program} did not answer in JSON`);
    }
    const { Username, Secret } = answer;
    if (typeof Username !== "string" || typeof Secret !== "string") return undefined;
    return Username === TOKEN_USER ? { username: "", password: "", identityToken: Secret } : { username: Username, password: Secret, identityToken: "" };
  }

  /** @throws Failure */
  async store(server: string, { username, password, identityToken }: Credentials): Promise<void> {
    const entry = { ServerURL: server, Username: identityToken ? TOKEN_USER : username, Secret: identityToken || password };
    const { code, text, reason } = await this.#run("store", JSON.stringify(entry));
    if (code !== 0) throw new Failure(`error storing credentials - err: ${reason}, out: \`${text.trim()}\``);
  }

  /** @throws Failure */
  async erase(server: string): Promise<void> {
    const { code, text, reason } = await this.#run("erase", server);
    if (code !== 0 && text.trim() !== NOT_FOUND) throw new Failure(`error erasing credentials - err: ${reason}, out: \`${text.trim()}\``);
  }

  async #run(action: string, input: string): Promise<{ code: number; text: string; reason: string }> {
    const path = /[/\0]/.test(this.#program) ? null : Bun.which(this.#program, { PATH: process.env["PATH"] ?? "" });
    if (path === null) return { code: -1, text: "", reason: `exec: ${JSON.stringify(this.#program)}: executable file not found in $PATH` };
    const child = Bun.spawn([path, action], { stdin: Buffer.from(input), stdout: "pipe", stderr: "inherit", env: process.env });
    let text = "";
    for await (const chunk of child.stdout) {
      text += Buffer.from(chunk).toString("utf8");
      if (text.length > MAX_ANSWER_BYTES) child.kill();
    }
    const code = await child.exited;
    return { code, text, reason: `exit status ${code}` };
  }
}
