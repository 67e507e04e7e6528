import { envKey, replaceOrAppendEnv } from "../merge-image-config.ts";

const DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What every process of a container finds: PATH, HOSTNAME, TERM on a terminal, what links tell, then what was asked for, and HOME at the end. */
export function processEnv({ hostname, tty, linked, env, home }: { hostname: string; tty: boolean; linked: readonly string[]; env: readonly string[]; home: string }): string[] {
  const merged = replaceOrAppendEnv([DEFAULT_PATH, `HOSTNAME=${hostname}`, ...(tty ? ["TERM=xterm"] : []), ...linked], env);
  return merged.some((entry) => envKey(entry) === "HOME") ? merged : [...merged, `HOME=${home}`];
}
