import { createVolume } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import { splitPair } from "../options/key-value.ts";
import { out } from "../output.ts";
import { CLUSTER_FLAGS } from "../table/volume.ts";

export async function run({ flags, args, client }: Invocation): Promise<number> {
  const named = flags.string("name");
  if (args[0] !== undefined && named !== undefined) throw new Failure("conflicting options: cannot specify a volume-name through both --name and as a positional arg");
  const ofCluster = CLUSTER_FLAGS.some((name) => flags.changed(name));
  const { Name = "" } = await createVolume(client, {
    ...(ofCluster && { ClusterVolumeSpec: {} }),
    Name: args[0] ?? named ?? "",
    Driver: flags.string("driver") ?? "local",
    DriverOpts: Object.fromEntries(flags.list("opt").map(splitPair)),
    Labels: Object.fromEntries(flags.list("label").map(splitPair)),
  });
  out(`${Name}\n`);
  return 0;
}
