import { ApiError, createContainer, pullImage, readJsonLines, type Client } from "../../client/mod.ts";
import type { ContainerCreateRequest } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { err } from "../output.ts";

/** What of a command line creating takes. */
export type CreateInvocation = Pick<Invocation, "client" | "flags" | "config">;

/** `create` with what the command line adds to the API: `--pull`, `--cidfile`, warnings. @returns the new container's id */
export async function createFromFlags(invocation: CreateInvocation, request: ContainerCreateRequest): Promise<string> {
  const { client, flags } = invocation;
  const pull = flags.string("pull") ?? "missing";
  const platform = flags.string("platform");
  if (platform) (await import("../options/platform.ts")).checkPlatform(platform);
  const image = request.Image ?? "";
  if (flags.bool("use-api-socket")) mountSocket(client, request);
  const cidFile = flags.string("cidfile");
  const cid = !cidFile ? undefined : (await import("../options/cid-file.ts")).openCidFile(cidFile);
  try {
    if (pull === "always") await pullFor(invocation, image);
    const create = () => createContainer(client, request, { name: flags.string("name"), platform });
    const created = await create().catch(async (error: unknown) => {
      if (pull !== "missing" || !isMissingImage(error)) throw error;
      err(`Unable to find image '${await withTag(image)}' locally\n`);
      await pullFor(invocation, image);
      return create();
    });
    if (flags.changed("kernel-memory")) err("WARNING: --kernel-memory has no effect: kernels have no such limit any more\n");
    for (const warning of created.Warnings ?? []) err(`WARNING: ${warning}\n`);
    cid?.write(created.Id);
    return created.Id;
  } finally {
    cid?.close();
  }
}

/** `--use-api-socket`: the engine's socket where clients in the container look for it. */
function mountSocket({ endpoint }: Client, request: ContainerCreateRequest): void {
  if (endpoint.kind !== "unix") throw new Error("--use-api-socket needs an engine that is reached over a unix socket");
  const host = (request.HostConfig ??= {});
  host.Mounts = [...(host.Mounts ?? []), { Type: "bind", Source: endpoint.path, Target: "/var/run/docker.sock", BindOptions: {} }];
}

const isMissingImage = (error: unknown): boolean => error instanceof ApiError && error.status === 404 && /^No such image|does not match the specified platform/.test(error.detail);

/** Docker's own refusal of a name that cannot be an image's, before anything is asked of the engine. */
export async function checkImageName(image: string): Promise<void> {
  if (/^[0-9a-z][0-9a-z_.-]*(\/[0-9a-z][0-9a-z_-]*)*(:\w[\w.-]*)?$/.test(image) || /^sha256:[0-9a-f]{64}$/.test(image)) return;
  const { parseReference } = await import("../../spec/mod.ts");
  parseReference(image);
}

async function withTag(image: string): Promise<string> {
  const { familiarName, parseReference, withDefaultTag } = await import("../../spec/mod.ts");
  return familiarName(withDefaultTag(parseReference(image)));
}

async function pullFor({ client, flags, config }: CreateInvocation, image: string): Promise<void> {
  const { familiarRepository, parseReference, withDefaultTag } = await import("../../spec/mod.ts");
  const { registryHeader } = await import("../credentials/registry-header.ts");
  const { stdoutColumns } = await import("../terminal.ts");
  const { showProgress } = await import("../progress.ts");
  const reference = withDefaultTag(parseReference(image));
  const answer = await pullImage(client, { fromImage: familiarRepository(reference), tag: reference.digest ?? reference.tag, platform: flags.string("platform") }, await registryHeader(config, reference));
  await showProgress(readJsonLines(answer.body), flags.bool("quiet") ? undefined : err, { columns: stdoutColumns(2) });
}
