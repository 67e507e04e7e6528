/** Puts the same questions to a compose program, ours or docker-compose. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { SCENARIOS, type Scenario } from "./scenarios.ts";

export interface Answer {
  readonly exitCode: number;
  readonly output: string;
  /** Without times. Of a failure docker-compose's whole message. */
  readonly messages: string;
}

export const CORPUS = join(import.meta.dir, "corpus");
export const CORPUS_ENVIRONMENT = { TOKEN: "secret-token", NAME: "", EMPTY: "", SET: "set", HOME: "/root" };
export const CORPUS_ASKS = ["config", "config --format json", "config --hash *", "config --no-interpolate", "config --no-normalize", "config --no-path-resolution", "--profile * config --images"];

/** Where docker-compose fails and ours has an answer, or answers what nobody can want. */
const BETTER = new Set(["build-long [config --format json]", "interpolation [config --no-interpolate]", "storage [config --no-interpolate]"]);

export const corpusFiles = (): string[] => readdirSync(CORPUS).filter((name) => name.endsWith(".yaml")).map((name) => name.slice(0, -".yaml".length)).toSorted();

export async function ask(program: readonly string[], words: string, folder: string, environment: Readonly<Record<string, string>>): Promise<Answer> {
  const shell = Bun.spawn(["bash", "-fc", `${program.join(" ")} ${words}`], { cwd: folder, env: { PATH: Bun.env["PATH"] ?? "", HOME: "/root", ...environment }, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [output, messages, exitCode] = await Promise.all([shell.stdout.text(), shell.stderr.text(), shell.exited]);
  const isList = /--(?:images|services|volumes|networks)/.test(words);
  return { exitCode, output: isList ? sortLines(output) : output, messages: told(messages, exitCode) };
}

const sortLines = (text: string): string => text.split("\n").toSorted().join("\n");

/** Warnings in any order and each once; docker-compose's own order is not always the same. */
function told(messages: string, exitCode: number): string {
  const plain = messages.replace(/^time="[^"]*" /gm, "");
  return exitCode === 0 ? [...new Set(plain.split("\n"))].toSorted().join("\n") : plain.trimEnd();
}

/** The corpus as a project at a place that does not exist, so that paths and hashes are the same everywhere. */
export async function corpusAnswers(program: readonly string[]): Promise<Record<string, Answer>> {
  const answers: Record<string, Answer> = {};
  for (const name of corpusFiles()) {
    for (const words of CORPUS_ASKS) {
      const key = `${name} [${words}]`;
      if (BETTER.has(key)) continue;
      const { exitCode, output, messages } = await ask(program, `--project-directory /srv/app -f ${join(CORPUS, name)}.yaml ${words}`, CORPUS, CORPUS_ENVIRONMENT);
      answers[key] = { exitCode, output, messages: messages.replaceAll(`${CORPUS}/`, "") };
    }
  }
  return answers;
}

export async function answersOf(program: readonly string[]): Promise<Record<string, Answer>> {
  const answers: Record<string, Answer> = {};
  for (const [name, scenario] of Object.entries(SCENARIOS)) Object.assign(answers, await scenarioAnswers(program, name, scenario));
  return answers;
}

async function scenarioAnswers(program: readonly string[], name: string, { files, asks, environment = {}, folder = "." }: Scenario): Promise<Record<string, Answer>> {
  const root = mkdtempSync(join(tmpdir(), "hako-compose-"));
  const project = join(root, "project");
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(project, path)), { recursive: true });
      writeFileSync(join(project, path), text);
    }
    const answers: Record<string, Answer> = {};
    for (const words of asks) {
      const { exitCode, output, messages } = await ask(program, words, join(project, folder), environment);
      const placed = (text: string): string => text.replaceAll(root, "/srv");
      answers[`${name} [${words}]`] = { exitCode, output: placed(output), messages: placed(messages) };
    }
    return answers;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
