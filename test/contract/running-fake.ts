import { rmSync } from "node:fs";
import { join } from "node:path";
import { ApiServer } from "../../src/api/mod.ts";
import { fakeEngine, type Probe } from "./fake-engine.ts";
import { scratchFolder } from "../scratch.ts";

export interface RunningFake extends AsyncDisposable {
  readonly socket: string;
  readonly probe: Probe;
  /** What the server would have written into the engine's log. */
  readonly reports: string[];
}

/** The real API server over the fake engine, on a socket of its own. */
export async function startFake(): Promise<RunningFake> {
  const folder = scratchFolder();
  const socket = join(folder, "api.sock");
  const { engine, probe } = fakeEngine();
  const reports: string[] = [];
  const server = new ApiServer({ engine, engineVersion: "0.1.0", report: (message) => void reports.push(message) });
  await server.listen({ path: socket });
  return {
    socket,
    probe,
    reports,
    [Symbol.asyncDispose]: async () => {
      await server.close();
      rmSync(folder, { recursive: true });
    },
  };
}
