/**
 * What commands print, beside the real docker-compose on the same engine: PEER_BOX names a program that runs `sh COMMAND` where
 * docker-compose is, DOCKER_PEER the address of its engine.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { HAKO } from "../harness.ts";

const box = process.env["PEER_BOX"];
const peer = process.env["DOCKER_PEER"];

/** An image that the peer has. */
const IMAGE = process.env["PEER_IMAGE"] ?? "busybox";
const PROJECT = `
name: hakopeer
services:
  web:
    image: ${IMAGE}
    command: sh -c 'echo hello; trap "exit 0" TERM; sleep 1000 & wait'
    ports: ["90", "127.0.0.1::53/udp"]
    expose: ["99"]
    deploy: { replicas: 2 }
    volumes: [data:/data]
  job:
    image: ${IMAGE}
    command: sh -c 'echo did; exit 3'
    depends_on: [web]
volumes: { data: {} }
`;

setDefaultTimeout(120_000);

interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function say(program: readonly string[], input: string): Promise<Said> {
  const child = Bun.spawn([...program], { stdin: Buffer.from(input), stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, stdout, stderr };
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
const theirs = (...words: string[]): Promise<Said> => say([box ?? "", "sh", `docker compose -f - ${words.map(quoted).join(" ")}`], PROJECT);
const ours = (...words: string[]): Promise<Said> => say([HAKO, "-H", peer ?? "", "compose", "-f", "-", ...words], PROJECT);

/** Times go on between two questions; labels and lines of several containers come in any order. */
function comparable({ code, stdout, stderr }: Said): Said {
  const even = (text: string): string => text.replace(/\b(?:About an? \w+|Less than a second|\d+ (?:second|minute|hour)s?)( ago)?/g, "TIME").replace(/ {2,}/g, "  ").replace(/^time="[^"]*"/gm, "");
  return { code, stdout: even(stdout).split("\n").toSorted().filter(Boolean).join("\n"), stderr: even(stderr).split("\n").toSorted().filter(Boolean).join("\n") };
}

const SAME: readonly (readonly string[])[] = [
  ["ps"], ["ps", "-a"], ["ps", "-q"], ["ps", "-a", "--services"], ["ps", "--status", "exited"], ["ps", "nosuch"], ["ps", "--filter", "source=x"], ["ps", "--no-trunc", "-a"], ["ps", "--format", "table {{.Name}}\t{{.Ports}}\t{{.Service}}\t{{.State}}", "-a"],
  ["logs", "--no-log-prefix"], ["logs", "--no-color", "job"], ["logs", "--index", "2", "--no-color", "web"], ["logs", "nosuch"],
  ["port", "web", "90"], ["port", "web", "90", "--index", "2"], ["port", "--protocol", "udp", "web", "53"], ["port", "job", "80"],
  ["images"], ["images", "-q"], ["top"], ["top", "job"], ["volumes"], ["volumes", "-q", "web"], ["volumes", "nosuch"],
  ["exec", "-T", "web", "sh", "-c", "echo in; exit 7"], ["exec", "-T", "job", "true"], ["exec", "-T", "--index", "5", "web", "true"],
  ["run", "-T", "--rm", "--no-deps", "web", "echo", "one"], ["run", "-T", "--rm", "nosuch"],
  ["cp", "nosuch:/x", "."], ["cp", "web:/etc/hostname", "-"], ["scale", "web"], ["scale", "nosuch=1"], ["wait", "job"], ["rm"], ["push"], ["attach", "job"],
  ["--dry-run", "restart"], ["--dry-run", "--progress", "json", "stop", "web"], ["--dry-run", "kill", "web"], ["create"],
];

if (box && peer) {
  describe("as docker-compose", () => {
    beforeAll(async () => {
      expect(await theirs("up", "-d")).toMatchObject({ code: 0 });
      await ours("wait", "job");
    });
    afterAll(async () => {
      await ours("down", "-v", "-t", "0", "--remove-orphans");
    });
    for (const words of SAME) test(words.join(" "), async () => expect(comparable(await ours(...words))).toEqual(comparable(await theirs(...words))));

    test("ps --format json has the same keys and values", async () => {
      const read = async (said: Said): Promise<Record<string, unknown>[]> => said.stdout.trim().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>).map(({ Labels, RunningFor: _, Status: __, Publishers, ...row }) => ({ ...row, Labels: String(Labels).split(",").toSorted(), Publishers: (Publishers as unknown[]).map((each) => JSON.stringify(each)).toSorted() }));
      expect(await read(await ours("ps", "-a", "--format", "json"))).toEqual(await read(await theirs("ps", "-a", "--format", "json")));
    });
  });
} else test.skip("commands beside docker-compose (set PEER_BOX and DOCKER_PEER)", () => {});
