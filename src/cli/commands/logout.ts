import type { Invocation } from "../command.ts";
import { CredentialStore } from "../credentials/credentials.ts";
import { INDEX_SERVER, registryKey } from "../credentials/registry-key.ts";
import { err, out } from "../output.ts";

export async function run({ args, config }: Invocation): Promise<number> {
  const server = registryKey(args[0] ?? "");
  // Old entries name the registry by its address.
  const keys = server === INDEX_SERVER ? [server] : [server, `http://${server}`, `https://${server}`];
  out(`Removing login credentials for ${server}\n`);
  const store = new CredentialStore(config);
  const failures: string[] = [];
  for (const key of keys) await store.erase(key).catch((error: unknown) => failures.push(`${key}: ${error instanceof Error ? error.message : String(error)}`));
  if (failures.length === keys.length) err(`WARNING: could not erase credentials:\n${failures.map((failure) => `${failure}\n`).join("")}`);
  return 0;
}
