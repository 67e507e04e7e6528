import { ApiError, Client, type Answer, type RequestOptions } from "../../client/mod.ts";
import type { ImageWork } from "../../compose/mod.ts";
import { imageOf } from "../../compose/mod.ts";
import type { ProgressView } from "./progress-view.ts";

/** An engine that can be asked, and changes nothing: what would be made gets a made-up id, what would be pulled or built is there. */
export class DryRunClient extends Client {
  readonly #engine: Client;
  readonly #pretended = new Set<string>();

  constructor(engine: Client) {
    super(engine.endpoint);
    this.#engine = engine;
  }

  /** From now on the image is there. */
  pretendImage(name: string): void {
    this.#pretended.add(`/images/${encodeURIComponent(name)}/json`);
  }

  override async request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    if (method !== "GET" && method !== "HEAD") return answer(made(path, options));
    try {
      return await this.#engine.request(method, path, options);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404 || !this.#isPretended(path)) throw error;
      return answer({ Id: madeUpId(), Config: {} });
    }
  }

  override hijack(): never {
    throw new Error("a run that changes nothing talks to no container");
  }

  #isPretended(path: string): boolean {
    return this.#pretended.has(path) || this.#pretended.has(encodeURI(decodeURIComponent(path)));
  }
}

const madeUpId = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex");

function made(path: string, { json }: RequestOptions): unknown {
  if (path === "/containers/create" || path === "/networks/create") return { Id: madeUpId(), Warnings: [] };
  return path === "/volumes/create" ? json : {};
}

function answer(value: unknown): Answer {
  return { status: 200, headers: new Map(), body: bytesOf(value), onConnection: () => undefined };
}

async function* bytesOf(value: unknown): AsyncGenerator<Uint8Array, void, void> {
  yield Buffer.from(JSON.stringify(value));
}

/** Says what would be pulled and built. */
export function dryImageWork(client: DryRunClient, view: ProgressView): ImageWork {
  return {
    pull: async ({ name }, image) => {
      view.tell({ id: name, what: "Pulling", text: "", status: "working" });
      client.pretendImage(image);
      view.tell({ id: name, what: "Pulled", text: "", status: "done" });
    },
    build: async (project, services) => {
      for (const service of services) {
        client.pretendImage(imageOf(service, project));
        view.tell({ id: `Image ${imageOf(service, project)}`, text: "Built", status: "done" });
      }
    },
  };
}
