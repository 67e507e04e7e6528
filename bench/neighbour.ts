import { Live } from "../test/processes.ts";
import { must, type Side } from "./engines.ts";

export const CLIENT_IP = "198.18.77.2";
export const ENGINE_IP = "198.18.77.1";

/** A host on a link of its own to the engine's, while it is not disposed of. */
export async function neighbour(side: Side): Promise<Live> {
  using undo = new DisposableStack();
  const client = undo.use(Live.spawn(["unshare", "--net", "sh", "-c", "ip link set lo up && echo ready && exec cat"]));
  await client.until("ready");
  const inEngine = ["nsenter", `--net=/proc/${side.networkPid()}/ns/net`, "--", "ip"];
  const inClient = ["nsenter", `--net=/proc/${client.pid}/ns/net`, "--", "ip"];
  // Of the last one, which the kernel takes away some time after its host.
  await must(["sh", "-c", `while ${inEngine.join(" ")} link show hb-outer >/dev/null 2>&1; do ${inEngine.join(" ")} link del hb-outer 2>/dev/null; done; true`]);
  await must([...inEngine, "link", "add", "hb-outer", "type", "veth", "peer", "name", "hb-inner", "netns", String(client.pid)]);
  await must([...inEngine, "addr", "add", `${ENGINE_IP}/24`, "dev", "hb-outer"]);
  await must([...inEngine, "link", "set", "hb-outer", "up"]);
  await must([...inClient, "addr", "add", `${CLIENT_IP}/24`, "dev", "hb-inner"]);
  await must([...inClient, "link", "set", "hb-inner", "up"]);
  undo.move();
  return client;
}
