import { systemInfo } from "../../../client/mod.ts";
import { fieldLines } from "../../buildx/field-lines.ts";
import { checkBuilder, BUILDER_NAME } from "../../buildx/only-builder.ts";
import { goArchitecture } from "../../buildx/platforms.ts";
import { VERSION } from "../../build-info.ts";
import type { Invocation } from "../../command.ts";
import { out } from "../../output.ts";

export async function run({ flags, args: [name], client }: Invocation): Promise<number> {
  checkBuilder(flags, name);
  const { Architecture = "" } = await systemInfo(client);
  const node = [["Name", BUILDER_NAME], ["Endpoint", BUILDER_NAME], ["Status", "running"], ["BuildKit version", `hako ${VERSION}`], ["Platforms", `linux/${goArchitecture(Architecture)}`]] as const;
  out(`${fieldLines([["Name", BUILDER_NAME], ["Driver", "docker"]])}\nNodes:\n${fieldLines(node)}`);
  return 0;
}
