import { EngineError } from "../../base/mod.ts";
import type { HostConfig } from "../../spec/mod.ts";

const refuse = (message: string): never => {
  throw new EngineError("InvalidParameter", message);
};

/** Docker's policies, and `on-unhealthy`: as on-failure, and when the health check fails. @throws EngineError InvalidParameter, in Docker's words */
export function validateRestartPolicy({ RestartPolicy: policy, AutoRemove: autoRemove }: Pick<HostConfig, "RestartPolicy" | "AutoRemove">): void {
  const { Name: name = "", MaximumRetryCount: retries = 0 } = policy ?? {};
  switch (name) {
    case "on-failure":
    case "on-unhealthy":
      if (retries < 0) refuse("invalid restart policy: maximum retry count cannot be negative");
      break;
    case "":
    case "no":
    case "always":
    case "unless-stopped":
      if (retries !== 0) refuse(`invalid restart policy: maximum retry count can only be used with 'on-failure'${retries < 0 ? " and cannot be negative" : ""}`);
      break;
    default:
      refuse(`invalid restart policy: unknown policy '${name.slice(0, 64)}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`);
  }
  if (autoRemove && name !== "" && name !== "no") refuse("can't create 'AutoRemove' container with restart policy");
}
