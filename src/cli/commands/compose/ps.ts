import { listContainers } from "../../../client/mod.ts";
import { LABELS } from "../../../compose/mod.ts";
import type { ContainerSummary } from "../../../spec/mod.ts";
import type { Invocation } from "../../command.ts";
import { selection } from "../../compose/selection.ts";
import { Failure } from "../../failure.ts";
import type { Flags } from "../../flags.ts";
import { printListing, type Listing } from "../../format/listing.ts";
import { out } from "../../output.ts";
import { containerListing } from "../ps.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags, client, config } = invocation;
  const statuses = [...flags.list("status"), ...statusFilter(flags)];
  const { name, project, services } = await selection(invocation);
  const known = project && Object.keys(project.services);
  const unknown = known && services.find((service) => !known.includes(service));
  if (unknown !== undefined) throw new Failure(`no such service: ${unknown}`);
  const wanted = services.length > 0 ? services : flags.bool("orphans") ? undefined : known;
  const all = await listContainers(client, { all: flags.bool("all") || statuses.length > 0, filters: { label: [`${LABELS.project}=${name}`, LABELS.configHash] } });
  const rows = all
    .filter((row) => (!wanted || wanted.includes(serviceOf(row))) && (statuses.length === 0 || statuses.includes(row.State ?? "")))
    .toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  if (flags.bool("quiet")) out(rows.map(({ Id }) => `${Id ?? ""}\n`).join(""));
  else if (flags.bool("services")) out([...new Set(rows.map(serviceOf))].map((service) => `${service}\n`).join(""));
  else await printListing(rows, listing(flags.bool("no-trunc")), { format: flags.string("format") ?? config.file.psFormat });
  return 0;
}

function statusFilter(flags: Flags): string[] {
  const filter = flags.string("filter") ?? "";
  if (filter === "") return [];
  const [key = "", value] = filter.split("=");
  if (value === undefined) throw new Failure("arguments to --filter should be in form KEY=VAL");
  if (key === "status") return [value];
  throw new Failure(key === "source" ? "not implemented" : `unknown filter ${key}`);
}

const nameOf = ({ Names = [] }: ContainerSummary): string => (Names.find((name) => name.lastIndexOf("/") === 0) ?? Names[0] ?? "").slice(1);
const serviceOf = ({ Labels }: ContainerSummary): string => Labels?.[LABELS.service] ?? "";

function listing(whole: boolean): Listing<ContainerSummary> {
  const plain = containerListing(whole, false);
  const { Platform: _, ...fields } = plain.fields;
  return {
    ...plain,
    fields: {
      ...fields,
      ExitCode: { heading: "EXIT CODE", value: ({ Status = "" }) => Number(/^Exited \((\d+)\)/.exec(Status)?.[1] ?? 0) },
      Health: { heading: "HEALTH", value: ({ Status = "" }) => /\((?:health: )?(healthy|unhealthy|starting)\)$/.exec(Status)?.[1] ?? "" },
      Name: { heading: "NAME", value: nameOf },
      Project: { heading: "PROJECT", value: ({ Labels }) => Labels?.[LABELS.project] ?? "" },
      Publishers: { heading: "PUBLISHERS", value: publishers },
      Service: { heading: "SERVICE", value: serviceOf },
    },
    table: ["Name", "Image", "Command", "Service", "RunningFor", "Status", "Ports"],
    goType: "formatter.ContainerContext",
  };
}

const publishers = ({ Ports }: ContainerSummary) =>
  (Ports ?? [])
    .map(({ IP = "", PrivatePort = 0, PublicPort = 0, Type = "" }) => ({ URL: IP, TargetPort: PrivatePort, PublishedPort: PublicPort, Protocol: Type }))
    .toSorted((a, b) => a.TargetPort - b.TargetPort || (a.URL < b.URL ? -1 : 1));
