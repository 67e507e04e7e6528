import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { RemoteFile, RemoteFileError } from "../../../compose/mod.ts";
import { parseGitURL } from "../../../dockerfile/mod.ts";
import { remoteContext } from "../../build/context-argument.ts";
import type { LoadedConfig } from "../../config-file.ts";
import { Failure } from "../../failure.ts";
import { checkOut, placeIn, resolveRef } from "../../remote/git.ts";
import { cacheFolder, mustBeEnabled } from "./cache-folder.ts";

const OCI = "oci://";
const FILE_NAMES = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/** Brings a file from elsewhere to where docker-compose keeps such files; what is there already is not fetched again. @throws Failure, RemoteFileError */
export async function fetchRemoteFile(wanted: RemoteFileError, config: LoadedConfig): Promise<RemoteFile> {
  const { address } = wanted;
  if (address.startsWith(OCI)) {
    mustBeEnabled("OCI");
    const { fetchArtifact } = await import("./artifact.ts");
    const folder = await fetchArtifact(address.slice(OCI.length), config);
    return { file: join(folder, "compose.yaml"), folder };
  }
  if (remoteContext(address)?.kind !== "git") throw wanted;
  mustBeEnabled("git");
  return await fetchFromGit(address);
}

async function fetchFromGit(address: string): Promise<RemoteFile> {
  const { remote, ref, subfolder } = parseGitURL(address);
  const commit = await resolveRef(remote, ref, address);
  const folder = join(cacheFolder(), commit);
  if (!existsSync(folder)) await checkOut(remote, commit, folder);
  const place = placeIn(folder, subfolder);
  if (!statSync(place).isDirectory()) return { file: place, folder };
  const name = FILE_NAMES.find((each) => statSync(join(place, each), { throwIfNoEntry: false })?.isFile());
  if (name === undefined) throw new Failure("not found");
  return { file: placeIn(folder, join(place, name).slice(folder.length)), folder };
}
