/** What containers are told at 127.0.0.11: by our engine, and by Docker Engine where one is at hand. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { DOCKER, startEngine } from "../harness.ts";
import { busyboxTar } from "../images.ts";
import { run } from "../processes.ts";

interface Target {
  readonly command: readonly string[];
  readonly image: string;
  close(): Promise<void>;
}

setDefaultTimeout(120_000);

/** unix:///path of a Docker Engine that may be used for tests. */
const peer = process.env["DOCKER_PEER"];
const PROBE = join(import.meta.dir, "../dns/probe.ts");
const [NET, INNER] = [`hkn${process.pid}`, `hki${process.pid}`];

async function ours(): Promise<Target> {
  const engine = await startEngine({ busybox: false });
  await engine.importTar(await busyboxTar(), "names:box");
  return { command: engine.command(), image: "names:box", close: () => engine[Symbol.asyncDispose]() };
}

async function docker(program: string, host: string): Promise<Target> {
  const [command, image] = [[program, "-H", host], `hako-names-box:${process.pid}`];
  await run([...command, "import", await busyboxTar(), image]);
  return { command, image, close: async () => void (await run([...command, "rmi", "-f", image])) };
}

function describeNames(name: string, open: () => Promise<Target>): void {
  describe(name, () => {
    let target: Target;
    const box = (short: string): string => `${NET}-${short}`;
    const ok = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await run([...target.command, ...args]);
      if (code !== 0) throw new Error(`${args.join(" ")}: ${stderr}`);
      return stdout.trim();
    };
    const start = (short: string, ...flags: string[]): Promise<string> => ok("run", "-d", "--name", box(short), ...flags, target.image, "sleep", "1000");
    const ask = async (short: string, question: string, type = 1): Promise<string> => {
      const pid = await ok("inspect", "--format", "{{.State.Pid}}", box(short));
      return (await run(["nsenter", "-t", pid, "-n", process.execPath, PROBE, "ask", question, String(type)])).stdout.trim();
    };
    /** Flags, counts, and the records behind the question, whose name they may repeat or point to. */
    const told = async (short: string, question: string, type = 1): Promise<string> => {
      const answer = await ask(short, question, type);
      const questionDigits = 2 * (question.length + 2 + 4);
      const records = answer.slice(24 + questionDigits).replace(answer.slice(24, 24 + questionDigits - 8), "c00c");
      return `${answer.slice(4, 24)} ${records}`;
    };
    const record = (address: string): string => `81800001000100000000 c00c000100010000025800 04${address.split(".").map((part) => Number(part).toString(16).padStart(2, "0")).join("")}`.replace("00 04", "0004");
    const EMPTY = "81800001000000000000 ";

    beforeAll(async () => {
      target = await open();
      await ok("network", "create", "--subnet", "172.31.77.0/24", NET);
      await ok("network", "create", "--internal", "--subnet", "172.31.78.0/24", INNER);
      await start("web", "--network", NET, "--network-alias", "shop", "--hostname", "webhost");
      await start("client", "--network", NET, "--link", `${box("web")}:linked`);
      await start("searching", "--network", NET, "--dns-option", "ndots:2");
      await start("inner", "--network", INNER);
      await ok("network", "connect", "--alias", "late", INNER, box("web"));
    }, 120_000);
    afterAll(async () => {
      await run([...target.command, "rm", "-f", ...["web", "client", "searching", "inner"].map(box)]);
      await run([...target.command, "network", "rm", NET, INNER]);
      await target.close();
    }, 120_000);

    test("names, aliases, host names and links, in any case, with and without the network's name", async () => {
      for (const question of [box("web"), box("web").toUpperCase(), "shop", "webhost", "linked", `${box("web")}.${NET}`]) expect([question, await told("client", question)]).toEqual([question, record("172.31.77.2")]);
    }, 120_000);

    test("an address of the network that both are on", async () => {
      for (const question of ["late", box("web"), `${box("web")}.${INNER}`]) expect([question, await told("inner", question)]).toEqual([question, record("172.31.78.3")]);
    }, 120_000);

    test("other types of a name that exists are an empty answer", async () => {
      expect(await told("client", box("web"), 28)).toBe(EMPTY);
      expect(await told("client", box("web"), 15)).toBe(EMPTY);
    }, 120_000);

    test("addresses backwards", async () => {
      const name = [box("web"), NET].map((label) => label.length.toString(16).padStart(2, "0") + Buffer.from(label).toString("hex")).join("") + "00";
      expect(await told("client", "2.77.31.172.in-addr.arpa", 12)).toBe(`81800001000100000000 c00c000c000100000258${(name.length / 2).toString(16).padStart(4, "0")}${name}`);
    }, 120_000);

    test("with ndots set a single word is not carried out", async () => {
      expect(await told("searching", "nosuch")).toBe(EMPTY);
    }, 120_000);
  });
}

describeNames("ours", ours);
if (peer?.startsWith("unix://") && DOCKER) {
  const program = DOCKER;
  describeNames("Docker Engine", () => docker(program, peer));
} else test.skip("names: Docker Engine (set DOCKER_PEER=unix:///… to a Docker Engine 28)", () => {});
