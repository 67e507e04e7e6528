import { imageOf, type Project, type Service } from "../../../compose/mod.ts";
import type { Invocation } from "../../command.ts";
import { out } from "../../output.ts";
import { openProject } from "./project-options.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags } = invocation;
  const project = await openProject(invocation, [], undefined, { resolveEnvironment: false });
  const indent = (flags.bool("spaces") ? " " : "\t").repeat(flags.changed("indentation-size") ? Math.max(0, flags.number("indentation-size") ?? 1) : 1);
  const services = Object.values(project.services);
  const nodes = services.map((service) => `${indent}"${service.name}" [style="filled" label=<<font point-size="15">${escaped(service.name)}</font>${details(service, project, invocation).map(part).join("")}>];`);
  const edges = services.flatMap(({ name, depends_on = {} }) => Object.keys(depends_on).map((other) => `${indent}"${name}" -> "${other}";`));
  out(["digraph " + JSON.stringify(project.name) + " {", `${indent}layout=dot;`, ...nodes, "", ...edges, "}", ""].map((line) => `${line}\n`).join(""));
  return 0;
}

function details(service: Service, project: Project, { flags }: Invocation): [string, string[]][] {
  const ports = (service.ports ?? []).map(({ host_ip, published, target, protocol = "tcp", mode = "ingress" }) => `${host_ip === undefined ? "" : `${host_ip}:`}${published === undefined ? "" : `${published}:`}${target} (${protocol}, ${mode})`);
  const all: [string, string, string[]][] = [["networks", "Networks", Object.keys(service.networks ?? {}).toSorted()], ["ports", "Ports", ports], ["image", "Image", [imageOf(service, project)]]];
  return all.filter(([flag, , lines]) => flags.bool(flag) && lines.length > 0).map(([, title, lines]) => [title, lines]);
}

const part = ([title, lines]: [string, string[]]): string => `<font point-size="10"><br/><br/><b>${title}:</b>${lines.map((line) => `<br/>${escaped(line)}`).join("")}</font>`;

const escaped = (text: string): string => text.replace(/[<>&]/g, (character) => ({ "<": "&lt;", ">": "&gt;", "&": "&amp;" })[character] ?? character);
