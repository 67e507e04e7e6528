/** Asks 127.0.0.11 as a program in a container does, with the resolver library of the runtime, and prints what it was told, as JSON. */
import { Resolver } from "node:dns/promises";

const resolver = new Resolver({ timeout: 6000, tries: 1 });
resolver.setServers(["127.0.0.11"]);

const told: Record<string, unknown> = {};
for (const question of process.argv.slice(2)) {
  const [type = "", name = ""] = question.split("/");
  try {
    if (type === "PTR") told[question] = await resolver.reverse(name);
    else if (type === "ttl") told[question] = (await resolver.resolve4(name, { ttl: true })).map(({ ttl }) => ttl);
    else told[question] = [await resolver.resolve(name, type as "A")].flat();
  } catch (error) {
    told[question] = (error as { code?: string }).code ?? String(error);
  }
}
console.log(JSON.stringify(told));
process.exit(0);
