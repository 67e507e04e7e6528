import type { RestartPolicy, Ulimit } from "../../spec/mod.ts";
import { ValueError } from "../values.ts";

const ULIMITS = new Set(["core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack"]);

/** `--ulimit nofile=1024:2048` */
export function parseUlimit(value: string): Ulimit {
  const equals = value.indexOf("=");
  if (equals < 0) throw new ValueError(`invalid ulimit argument: ${value}`);
  const name = value.slice(0, equals);
  if (!ULIMITS.has(name)) throw new ValueError(`invalid ulimit type: ${name}`);
  const parts = value.slice(equals + 1).split(":");
  if (parts.length > 2) throw new ValueError(`too many limit value arguments - ${value.slice(equals + 1)}, can only have up to two, \`soft[:hard]\``);
  const [soft = 0, hard = soft] = parts.map((part) => {
    if (!/^-?\d+$/.test(part)) throw new ValueError(`strconv.ParseInt: parsing ${JSON.stringify(part)}: invalid syntax`);
    return Number(part);
  });
  if (hard !== -1) {
    if (soft === -1) throw new ValueError(`ulimit soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: ${hard}`);
    if (soft > hard) throw new ValueError(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  }
  return { Name: name, Soft: soft, Hard: hard };
}

/** `--restart on-failure:3` */
export function parseRestartPolicy(value: string): RestartPolicy | undefined {
  if (value === "") return undefined;
  const [name = "", count, extra] = value.split(":");
  if (extra !== undefined) throw new Error("invalid restart policy format");
  if (name === "") throw new Error("invalid restart policy format: no policy provided before colon");
  if (count === undefined) return { Name: name, MaximumRetryCount: 0 };
  if (!/^[+-]?\d+$/.test(count)) throw new Error("invalid restart policy format: maximum retry count must be an integer");
  return { Name: name, MaximumRetryCount: Number(count) };
}

const SYSCTLS = new Set(["kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced"]);

export function checkSysctl(value: string): string {
  const [name = "", setting] = value.split("=");
  if (setting !== undefined && (SYSCTLS.has(name) || name.startsWith("net.") || name.startsWith("fs.mqueue."))) return value;
  throw new ValueError(`sysctl '${value}' is not allowed`);
}
