import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";

export function run({ path }: Invocation): Promise<number> {
  throw new Failure(`hako ${path.join(" ")}: managed plugins, which are images with a runtime of their own, are not supported; a volume driver that listens on a socket in /run/docker/plugins, or that a file in /etc/docker/plugins names, works as it is`);
}
