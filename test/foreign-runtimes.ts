/** crun and runc as this machine has them; `npm run setup` installs both. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export function runcPath(): string {
  return found("runc");
}

/** crun before 1.9 gives up on a machine that has both versions of cgroups: there a script in `folder` shows it version 1 alone. */
export function crunPath(folder: string): string {
  const crun = found("crun");
  if (!existsSync("/sys/fs/cgroup/unified/cgroup.controllers")) return crun;
  const script = join(folder, "crun");
  writeFileSync(script, `#!/bin/sh\nexec unshare --mount --propagation private sh -c 'umount /sys/fs/cgroup/unified && exec ${crun} "$@"' crun "$@"\n`, { mode: 0o755 });
  return script;
}

function found(name: string): string {
  const path = Bun.which(name, { PATH });
  if (!path) throw new Error(`${name} is missing: run \`npm run setup\``);
  return path;
}
