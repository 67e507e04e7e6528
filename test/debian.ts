/** A minimal Debian for tests, and a way from an engine's network namespace to the package archive. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { TestEngine } from "./harness.ts";
import { Live, run } from "./processes.ts";

const CACHE = join(import.meta.dir, "..", "build", "test-images");

/** The tar of a minimal Debian, made once per checkout; undefined, with a word of why, where no package archive answers. */
export async function debianTar(): Promise<string | undefined> {
  const path = join(CACHE, "debian.tar");
  if (existsSync(path)) return path;
  if (!Bun.which("mmdebstrap")) {
    console.warn("no mmdebstrap, tests with Debian left out");
    return undefined;
  }
  mkdirSync(CACHE, { recursive: true });
  // Of test files that run at once one makes it, the others wait for it.
  const script = '[ -e "$1" ] || { mmdebstrap --quiet --variant=apt --include=passwd,ca-certificates bookworm "$1.new.tar" && mv "$1.new.tar" "$1"; }';
  const { code, stderr } = await run(["flock", join(CACHE, ".debian.lock"), "sh", "-c", script, "sh", path], { timeoutMs: 240_000 });
  if (code === 0) return path;
  console.warn(`no Debian image, tests left out: ${stderr.slice(-300)}`);
  return undefined;
}

/**
 * Joins the engine's network namespace to the world by slirp4netns, a user-mode network: the host's own forwarding and firewall stay untouched.
 * @returns undefined where the program is missing
 */
export async function openUplink(engine: TestEngine): Promise<Uplink | undefined> {
  if (!Bun.which("slirp4netns")) return undefined;
  const process = Live.spawn(["slirp4netns", "--configure", "--mtu=1500", String(engine.networkHolder), "tap0"]);
  await process.until(/MTU|received tapfd|Starting/i).catch(() => undefined);
  return new Uplink(process);
}

class Uplink implements AsyncDisposable {
  readonly #process: Live;

  constructor(process: Live) {
    this.#process = process;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.signal("SIGTERM");
    await this.#process.exitCode();
  }
}

/** Whether apt in a container of the image reaches its archive; says so where it does not. */
export async function archiveAnswers(engine: TestEngine, image: string): Promise<boolean> {
  const { code, stderr } = await engine.hakoWith({ timeoutMs: 90_000 }, "run", "--rm", image, "apt-get", "-q", "update");
  if (code === 0 && !stderr.includes("Failed to fetch")) return true;
  console.warn(`the package archive does not answer, tests left out: ${stderr.slice(-300)}`);
  return false;
}
