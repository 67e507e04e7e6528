import { SERVICE } from "./service.ts";
import { choice, flag, list, map, named, NAME, options, pairs, scalar, string, stringOrStrings } from "./shape.ts";

const external = map({ name: string }, { orScalar: ["boolean", "string"] });
const openExternal = map({ name: string }, { orScalar: ["boolean", "string"], open: true });

const pool = map({ subnet: string, ip_range: string, gateway: string, aux_addresses: named(/./, string) });

const network = map(
  {
    name: string,
    driver: string,
    driver_opts: options,
    ipam: map({ driver: string, config: list(pool), options: named(/./, string) }),
    external,
    internal: flag,
    enable_ipv4: flag,
    enable_ipv6: flag,
    attachable: flag,
    labels: pairs,
  },
  { nullable: true },
);

const volume = map({ name: string, driver: string, driver_opts: options, external, labels: pairs }, { nullable: true });
const secret = map({ name: string, environment: string, file: string, external: openExternal, labels: pairs, driver: string, driver_opts: options, template_driver: string });
const config = map({ name: string, content: string, environment: string, file: string, external: openExternal, labels: pairs, template_driver: string });
const model = map({ name: string, model: string, context_size: scalar("integer"), runtime_flags: list(string) }, { required: ["model"] });
const include = choice(string, map({ path: stringOrStrings, env_file: stringOrStrings, project_directory: string }, { extensible: false }));

/** A compose file, from its top. */
export const PROJECT = map({
  version: string,
  name: string,
  include: list(include),
  services: named(NAME, SERVICE),
  models: named(NAME, model, { open: true }),
  networks: named(NAME, network, { open: true }),
  volumes: named(NAME, volume),
  secrets: named(NAME, secret),
  configs: named(NAME, config),
});
