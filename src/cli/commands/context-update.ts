import { copyOf } from "../contexts/copy.ts";
import { newEndpoint, parsePairs } from "../contexts/endpoint-config.ts";
import { checkContextName } from "../contexts/names.ts";
import { readContext, writeMeta, writeTls } from "../contexts/store.ts";
import type { Invocation } from "../command.ts";
import { err, out } from "../output.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags, args, config } = invocation;
  const [name = ""] = args;
  const pairs = flags.changed("docker") ? parsePairs(flags.string("docker") ?? "") : undefined;
  checkContextName(name);
  const meta = readContext(config.folder, name);
  const fresh = pairs && newEndpoint(pairs, (other) => copyOf(invocation, other));
  const description = flags.string("description");
  if (fresh) writeTls(config.folder, name, fresh.tls);
  writeMeta(config.folder, {
    ...meta,
    Metadata: description ? { ...meta.Metadata, Description: description } : meta.Metadata,
    Endpoints: fresh ? { ...meta.Endpoints, docker: fresh.endpoint } : meta.Endpoints,
  });
  out(`${name}\n`);
  err(`Successfully updated context ${JSON.stringify(name)}\n`);
  return 0;
}
