import { existsSync } from "node:fs";
import { join } from "node:path";
import { ComposeError, type Project, type ProviderWork, type Service } from "../../compose/mod.ts";
import { err } from "../output.ts";
import type { ProgressView } from "./progress-view.ts";

/** A line longer than this is none of the protocol. */
const MAX_LINE = 1 << 20;
const PLUGIN_FOLDERS = ["/usr/local/lib/docker/cli-plugins", "/usr/local/libexec/docker/cli-plugins", "/usr/lib/docker/cli-plugins", "/usr/libexec/docker/cli-plugins"];

interface Message {
  readonly type?: unknown;
  readonly message?: unknown;
}

/**
 * Programs that make services outside of the engine (Compose Specification, provider): `PROGRAM compose --project-name=NAME up --OPTION=VALUE SERVICE`,
 * which says how it gets on by lines of JSON on its standard output.
 */
export function providerPrograms(view: ProgressView): ProviderWork {
  return { run: (project, service, command) => runProgram(view, project, service, command) };
}

async function runProgram(view: ProgressView, project: Project, service: Service, command: "up" | "down"): Promise<Record<string, string>> {
  const { type = "", options = {} } = service.provider ?? {};
  const path = `services.${service.name}.provider`;
  const program = findProgram(type);
  if (program === undefined) throw new ComposeError(`required plugin ${JSON.stringify(type)} not found`, { path, fix: `put a program named docker-${type} or ${type} on the PATH` });
  const words = Object.entries(options).flatMap(([name, values]) => (Array.isArray(values) ? values : [values]).map((value) => `--${name}=${String(value)}`));
  const child = Bun.spawn([program, "compose", `--project-name=${project.name}`, command, ...words, service.name], { cwd: project.workingDir, env: { ...process.env, ...Object.fromEntries(project.environment) }, stdin: "inherit", stdout: "pipe", stderr: "pipe" });
  const said = new Response(child.stderr).text();
  const variables: Record<string, string> = {};
  let failure: string | undefined;
  for await (const line of linesOf(child.stdout)) {
    const { type: kind, message } = readMessage(line);
    const text = typeof message === "string" ? message : "";
    if (kind === "error") failure = text;
    else if (kind === "info") view.tell({ id: service.name, text, status: "working" });
    else if (kind === "setenv") variables[text.split("=")[0] ?? ""] = text.slice(text.indexOf("=") + 1);
    else if (kind !== "debug") throw new ComposeError(`the provider of service ${JSON.stringify(service.name)} said what it may not: ${line.slice(0, 200)}`, { path });
  }
  const code = await child.exited;
  if (code === 0 && failure === undefined) return variables;
  const remark = (await said).trim();
  if (remark !== "") err(`${remark}\n`);
  throw new ComposeError(failure ?? `failed to create service ${JSON.stringify(service.name)}: the provider ${type} exited with status ${code}`, { path });
}

/** As docker finds its plugins; otherwise any program of that name. */
function findProgram(type: string): string | undefined {
  if (type === "compose" || /[/\0]/.test(type)) return undefined;
  const plugin = [join(process.env["DOCKER_CONFIG"] ?? join(process.env["HOME"] ?? "", ".docker"), "cli-plugins"), ...PLUGIN_FOLDERS].map((folder) => join(folder, `docker-${type}`)).find((file) => existsSync(file));
  const PATH = process.env["PATH"] ?? "";
  return plugin ?? Bun.which(`docker-${type}`, { PATH }) ?? Bun.which(type, { PATH }) ?? undefined;
}

function readMessage(line: string): Message {
  try {
    return Object(JSON.parse(line)) as Message;
  } catch {
    return { type: "none" };
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    if (rest.length > MAX_LINE) throw new Error("a provider wrote a line without end");
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    yield* lines.filter((line) => line.trim() !== "");
  }
  if (rest.trim() !== "") yield rest;
}
