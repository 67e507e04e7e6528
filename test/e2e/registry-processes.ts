/** Registries beside an engine, in its network namespace; they end with the test. */
import { join } from "node:path";
import { HAKO, Live, type TestEngine } from "../harness.ts";
import { scratchFolder } from "../scratch.ts";

const inside = (engine: TestEngine, ...command: string[]): string[] => ["nsenter", `--net=/proc/${engine.networkHolder}/ns/net`, "--", ...command];

export interface Beside extends AsyncDisposable {
  readonly host: string;
  /** What it has printed. */
  readonly output: () => string;
  readonly signal: (name: NodeJS.Signals) => void;
}

function beside(host: string, live: Live): Beside {
  return {
    host,
    output: () => live.output,
    signal: (name) => live.signal(name),
    async [Symbol.asyncDispose]() {
      live.signal("SIGKILL");
      await live.exited;
    },
  };
}

/** `hako registry serve`. */
export async function ownRegistry(engine: TestEngine): Promise<Beside> {
  const live = Live.spawn(inside(engine, HAKO, "registry", "serve", "--addr", "127.0.0.1:5000", "--root", join(scratchFolder(), "registry"), "--ready-fd", "1"));
  await live.until("ready");
  return beside("127.0.0.1:5000", live);
}

/** One image of noise, `slow:1`, sent at so many megabytes in a second. */
export async function slowRegistry(engine: TestEngine, megabytes: number, speed: number): Promise<Beside> {
  const live = Live.spawn(inside(engine, process.execPath, join(import.meta.dir, "slow-registry.ts"), String(megabytes), String(speed)));
  await live.until(/host \S+\n/);
  return beside(/host (\S+)\n/.exec(live.output)?.[1] ?? "", live);
}
