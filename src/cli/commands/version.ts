import { systemVersion, type Client } from "../../client/mod.ts";
import type { SystemVersion } from "../../spec/mod.ts";
import { VERSION } from "../build-info.ts";
import type { Invocation } from "../command.ts";
import { err, out, printable } from "../output.ts";

export async function run({ flags, client, context }: Invocation): Promise<number> {
  const format = flags.string("format");
  const server = await systemVersion(client).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
  const reached = server instanceof Error ? undefined : server;
  if (format) await printTemplate(format, context, client, reached);
  else out(clientText(clientFacts(context, client, reached)) + (reached ? serverText(reached) : ""));
  if (!(server instanceof Error)) return 0;
  err(`${server.message}\n`);
  return 1;
}

async function printTemplate(format: string, context: string, client: Client, server: SystemVersion | undefined): Promise<void> {
  const { inspectTemplate, printThrough } = await import("../format/inspect-template.ts");
  printThrough(inspectTemplate(format === "json" ? "{{json .}}" : format, { goType: "system.versionInfo", name: "version" }), { Client: clientFacts(context, client, server), Server: server ?? null });
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64" };

const clientFacts = (context: string, client: Client, server: SystemVersion | undefined) => ({
  Version: VERSION,
  ApiVersion: client.apiVersion,
  DefaultAPIVersion: "1.51",
  GitCommit: server?.GitCommit ?? "",
  GoVersion: `bun${Bun.version}`,
  Os: process.platform,
  Arch: ARCHITECTURES[process.arch] ?? process.arch,
  BuildTime: "",
  Context: context,
});

function clientText(facts: ReturnType<typeof clientFacts>): string {
  return block("Client:", 1, [
    ["Version", facts.Version],
    ["API version", facts.ApiVersion],
    ["Bun version", Bun.version],
    ["OS/Arch", `${facts.Os}/${facts.Arch}`],
    ["Context", facts.Context],
  ]);
}

function serverText(server: SystemVersion): string {
  const engine = block(" Engine:", 2, [
    ["Version", server.Version],
    ["API version", `${server.ApiVersion ?? ""} (minimum version ${server.MinAPIVersion ?? ""})`],
    ["Go version", server.GoVersion],
    ["Git commit", server.GitCommit],
    ["Built", server.BuildTime && readableTime(server.BuildTime)],
    ["OS/Arch", `${server.Os ?? ""}/${server.Arch ?? ""}`],
    ["Experimental", String(server.Experimental ?? false)],
  ]);
  const others = (server.Components ?? []).filter(({ Name }) => Name !== "Engine");
  const components = others.map(({ Name = "", Version, Details }) => block(` ${Name}:`, 2, [["Version", Version], ...Object.entries(Details ?? {}).map(([name, value]) => [name, String(value)] as const)]));
  return `\nServer:${server.Platform?.Name ? ` ${printable(server.Platform.Name)}` : ""}\n${engine}${components.join("")}`;
}

function block(title: string, indent: number, lines: ReadonlyArray<readonly [string, string | undefined]>): string {
  const known = lines.filter(([, value]) => value !== undefined && value !== "");
  return `${title}\n${known.map(([name, value = ""]) => `${" ".repeat(indent)}${`${name}:`.padEnd(19 - (indent - 1))}${printable(value)}\n`).join("")}`;
}

/** `Tue Sep 15 11:02:57 2026` */
function readableTime(text: string): string {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return text;
  const [weekday, day, month, year, time] = date.toUTCString().replace(",", "").split(" ");
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`;
}
