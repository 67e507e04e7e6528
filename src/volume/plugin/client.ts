import { readFileSync } from "node:fs";
import { EngineError, messageOf } from "../../base/mod.ts";
import type { PluginAddress } from "./discovery.ts";

const PLUGIN_TYPE = "application/vnd.docker.plugins.v1.2+json";
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const HOST = "plugin.moby.localhost";

/** How long is waited for a plugin, as Docker does. */
export interface Patience {
  /** One that does not listen is tried again with pauses that double, as long as no more than this would pass. */
  readonly retryMs: number;
  /** Pause before the second attempt. */
  readonly firstPauseMs: number;
  /** Create and Mount. */
  readonly longMs: number;
  /** All others. */
  readonly shortMs: number;
}

export const DOCKERS_PATIENCE: Patience = { retryMs: 30_000, firstPauseMs: 1000, longMs: 120_000, shortMs: 60_000 };

/** Calls the methods of one plugin. */
export class PluginClient {
  constructor(
    readonly address: PluginAddress,
    private readonly patience: Patience,
    private readonly log: (sentence: string) => void,
  ) {}

  /** @throws EngineError System, in Docker's words */
  async call(method: string, body: object, { long = false, retries = true }: { long?: boolean; retries?: boolean } = {}): Promise<Record<string, unknown>> {
    const startedMs = performance.now();
    const timeoutMs = long ? this.patience.longMs : this.patience.shortMs;
    for (let pauseMs = this.patience.firstPauseMs; ; pauseMs *= 2) {
      try {
        return await this.#once(method, body, timeoutMs);
      } catch (error) {
        if (error instanceof EngineError) throw error;
        const spentMs = performance.now() - startedMs;
        const told = `Post "http://${HOST}/${method}": ${this.#reason(error)}`;
        if (!retries || spentMs + pauseMs >= this.patience.retryMs) throw new EngineError("System", told);
        this.log(`Unable to connect to plugin: ${HOST}/${method}: ${told}, retrying in ${pauseMs / 1000}s`);
        await Bun.sleep(pauseMs);
      }
    }
  }

  async #once(method: string, body: object, timeoutMs: number): Promise<Record<string, unknown>> {
    const { at } = this.address;
    const response = await fetch(`${at.kind === "tcp" && at.tls ? "https" : "http"}://${at.kind === "tcp" ? at.host : HOST}/${method}`, {
      method: "POST",
      headers: { Accept: PLUGIN_TYPE, "Content-Type": PLUGIN_TYPE, Connection: "close" },
      body: `${JSON.stringify(body)}\n`,
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
      ...(at.kind === "unix" && { unix: at.path }),
      ...(at.kind === "tcp" && at.tls && { tls: this.#tls(at.tls) }),
    });
    const text = await readLimited(response);
    const answer = parseObject(text);
    const reason = typeof answer?.["Err"] === "string" ? answer["Err"] : "";
    if (response.status !== 200) throw new EngineError("System", `${method}: ${reason || text.slice(0, 1024).trimEnd()}`);
    if (!answer) throw new EngineError("System", `${method}: the plugin's answer is no JSON object`);
    if (reason !== "") throw new EngineError("System", reason.slice(0, 1024));
    return answer;
  }

  #tls({ insecure, caFile, certFile, keyFile }: NonNullable<Extract<PluginAddress["at"], { kind: "tcp" }>["tls"]>): object {
    return { rejectUnauthorized: !insecure, ...(caFile && { ca: readFileSync(caFile) }), ...(certFile && { cert: readFileSync(certFile) }), ...(keyFile && { key: readFileSync(keyFile) }) };
  }

  /** As Docker's users know it. */
  #reason(error: unknown): string {
    const { at } = this.address;
    const name = error instanceof Error ? error.name : "";
    if (name === "TimeoutError") return "context deadline exceeded";
    const code = (error as { code?: unknown }).code;
    const dial = at.kind === "unix" ? `dial unix ${at.path}: connect: ` : `dial tcp ${at.host}: connect: `;
    if (code === "ECONNREFUSED" || code === "ConnectionRefused") return `${dial}connection refused`;
    if (code === "ENOENT" || code === "FailedToOpenSocket") return `${dial}no such file or directory`;
    if (code === "ECONNRESET" || code === "ConnectionClosed") return "EOF";
    return messageOf(error);
  }
}

async function readLimited(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += piece.length;
    if (length > MAX_ANSWER_BYTES) throw new EngineError("System", "the plugin's answer is too long");
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
