import { systemInfo } from "../../../client/mod.ts";
import { checkBuilder, BUILDER_NAME } from "../../buildx/only-builder.ts";
import { goArchitecture } from "../../buildx/platforms.ts";
import { VERSION } from "../../build-info.ts";
import type { Invocation } from "../../command.ts";
import { alignTabs } from "../../format/columns.ts";
import { out } from "../../output.ts";

export async function run({ flags, args: [name], client }: Invocation): Promise<number> {
  checkBuilder(flags, name);
  const { Architecture = "" } = await systemInfo(client);
  out(alignTabs(`Name:\t${BUILDER_NAME}\nDriver:\tdocker\n\nNodes:\nName:\t${BUILDER_NAME}\nEndpoint:\t${BUILDER_NAME}\nStatus:\trunning\nBuildKit version:\thako ${VERSION}\nPlatforms:\tlinux/${goArchitecture(Architecture)}\n`, 0));
  return 0;
}
