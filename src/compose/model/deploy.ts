import { list, record, struct, type TypeOf } from "./field.ts";
import { deviceCount, duration, integer, keptInteger, keptText, labels, number, positiveDuration, size, text } from "./scalars.ts";

export const DEVICE_REQUEST = struct({ capabilities: list(keptText), driver: text, count: deviceCount, device_ids: list(keptText), options: labels });
export type DeviceRequest = TypeOf<typeof DEVICE_REQUEST>;

const UPDATE = struct({ parallelism: keptInteger, delay: positiveDuration, failure_action: text, monitor: positiveDuration, max_failure_ratio: number, order: text });
export type UpdateConfig = TypeOf<typeof UPDATE>;

const RESOURCE = struct({
  cpus: number,
  memory: size,
  pids: integer,
  devices: list(DEVICE_REQUEST),
  generic_resources: list(struct({ discrete_resource_spec: struct({ kind: keptText, value: keptInteger }) })),
});

export const DEPLOY = struct({
  mode: text,
  replicas: keptInteger,
  labels,
  update_config: UPDATE,
  rollback_config: UPDATE,
  resources: struct({ limits: RESOURCE, reservations: RESOURCE }, { omitEmpty: true }),
  restart_policy: struct({ condition: text, delay: duration, max_attempts: keptInteger, window: duration }),
  placement: struct({ constraints: list(keptText), preferences: list(struct({ spread: text })), max_replicas_per_node: integer }, { omitEmpty: true }),
  endpoint_mode: text,
});
export type Deploy = TypeOf<typeof DEPLOY>;

const WEIGHT = struct({ path: keptText, weight: keptInteger }, { jsonNames: { path: "Path", weight: "Weight" } });
const RATE = struct({ path: keptText, rate: size }, { jsonNames: { path: "Path", rate: "Rate" } });

export const BLKIO = struct({
  weight: integer,
  weight_device: list(WEIGHT),
  device_read_bps: list(RATE),
  device_read_iops: list(RATE),
  device_write_bps: list(RATE),
  device_write_iops: list(RATE),
});

export const LOGGING = struct({ driver: text, options: labels });
export const PROVIDER_OPTIONS = record(list(keptText));
