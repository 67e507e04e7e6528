import { list, record, struct, type TypeOf } from "./field.ts";
import { flag, integer, keptFlag, labels, keptText, text } from "./scalars.ts";

export const NETWORK = struct({
  name: text,
  driver: text,
  driver_opts: labels,
  ipam: struct({ driver: text, config: list(struct({ subnet: text, gateway: text, ip_range: text, aux_addresses: labels })) }, { omitEmpty: true }),
  external: flag,
  internal: flag,
  attachable: flag,
  labels,
  enable_ipv4: keptFlag,
  enable_ipv6: keptFlag,
});
export type Network = TypeOf<typeof NETWORK>;

export const VOLUME = struct({ name: text, driver: text, driver_opts: labels, external: flag, labels });
export type Volume = TypeOf<typeof VOLUME>;

/** Secrets and configs. */
export const FILE_OBJECT = struct({ name: text, file: text, environment: text, content: text, external: flag, labels, driver: text, driver_opts: labels, template_driver: text });
export type FileObject = TypeOf<typeof FILE_OBJECT>;

export const MODEL = struct({ name: text, model: text, context_size: integer, runtime_flags: list(keptText) });
export type Model = TypeOf<typeof MODEL>;

export const NETWORKS = record(NETWORK);
export const VOLUMES = record(VOLUME);
export const FILE_OBJECTS = record(FILE_OBJECT);
export const MODELS = record(MODEL);
