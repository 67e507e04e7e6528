import { checkContextName } from "../contexts/names.ts";
import { copyOf } from "../contexts/copy.ts";
import { newEndpoint, parsePairs } from "../contexts/endpoint-config.ts";
import { contextExists, writeMeta, writeTls } from "../contexts/store.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import { err, out } from "../output.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags, args, config } = invocation;
  const [name = ""] = args;
  const pairs = flags.changed("docker") ? parsePairs(flags.string("docker") ?? "") : undefined;
  checkContextName(name);
  if (contextExists(config.folder, name)) throw new Failure(`context ${JSON.stringify(name)} already exists`);
  if (flags.changed("from") && pairs) throw new Failure("cannot use --docker flag when --from is set");
  const description = flags.string("description");
  const described = description !== undefined && description !== "" ? { Description: description } : undefined;
  const source = pairs ? undefined : copyOf(invocation, flags.string("from") || invocation.context);
  const fresh = pairs && newEndpoint(pairs, (other) => copyOf(invocation, other));
  writeTls(config.folder, name, (source ?? fresh)?.tls ?? {});
  writeMeta(config.folder, { Name: name, Metadata: described ?? source?.metadata ?? {}, Endpoints: { docker: (source ?? fresh)?.endpoint ?? { SkipTLSVerify: false } } });
  out(`${name}\n`);
  err(`Successfully created context ${JSON.stringify(name)}\n`);
  return 0;
}
